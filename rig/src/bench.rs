//! Figures, printed as a table or as one line of JSON.
use serde_json::{Map, Value, json};

pub mod click;
pub mod durable;
pub mod proof;
pub mod relay;

/// What a bench found.
pub struct Figures {
    pub bench: &'static str,
    /// Figure, value, and the goal that it must not exceed (or, if negative, not fall below).
    pub figures: Vec<(&'static str, f64, Goal)>,
    pub context: Value,
}

#[derive(Debug, Clone, Copy)]
pub enum Goal {
    AtMost(f64),
    AtLeast(f64),
}

impl Figures {
    pub fn json(&self) -> String {
        let figures: Map<_, _> =
            self.figures.iter().map(|(name, value, _)| ((*name).to_owned(), json!(value))).collect();
        json!({ "bench": self.bench, "figures": figures, "context": self.context }).to_string()
    }

    pub fn table(&self) -> String {
        let line = |(name, value, goal): &(&str, f64, Goal)| {
            let (sign, bound, met) = match goal {
                Goal::AtMost(bound) => ("<=", bound, value <= bound),
                Goal::AtLeast(bound) => (">=", bound, value >= bound),
            };
            let verdict = if met { "ok" } else { "MISSED" };
            format!("{name:<28} {value:>10.3}   goal {sign} {bound:>6}   {verdict}\n")
        };
        let figures: String = self.figures.iter().map(line).collect();
        format!("{figures}{:#}", self.context)
    }
}
