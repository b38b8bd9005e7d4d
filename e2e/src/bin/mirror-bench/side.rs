//! Who records a page.

/// Less is noise: what a page costs by itself differs by more from time to time.
const LEAST_CPU_MS: f64 = 1.0;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// Nobody: what the page costs by itself.
    Bare,
    Ours,
    Rrweb,
}

impl Side {
    pub(crate) const ALL: [Side; 3] = [Side::Bare, Side::Ours, Side::Rrweb];

    /// As `sides.js` knows it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Side::Bare => "none",
            Side::Ours => "ours",
            Side::Rrweb => "rrweb",
        }
    }
}

/// What one side did in one repetition.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cost {
    /// Thread time of the page's main thread, in milliseconds.
    pub(crate) cpu_ms: f64,
    pub(crate) bytes: f64,
    pub(crate) messages: f64,
    /// From the work's begin to the last message.
    pub(crate) sent_ms: f64,
}

/// All repetitions of one piece of work.
#[derive(Debug, Default)]
pub(crate) struct Costs {
    bare: Vec<Cost>,
    ours: Vec<Cost>,
    rrweb: Vec<Cost>,
}

/// Medians of one piece of work; CPU less that of the bare page.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Compared {
    pub(crate) bare: Cost,
    pub(crate) ours: Cost,
    pub(crate) rrweb: Cost,
}

impl Costs {
    pub(crate) fn add(&mut self, side: Side, cost: Cost) {
        match side {
            Side::Bare => self.bare.push(cost),
            Side::Ours => self.ours.push(cost),
            Side::Rrweb => self.rrweb.push(cost),
        }
    }

    pub(crate) fn compared(&self) -> Compared {
        let bare = medians(&self.bare);
        let less = |cost: Cost| Cost { cpu_ms: cost.cpu_ms - bare.cpu_ms, ..cost };
        Compared { bare, ours: less(medians(&self.ours)), rrweb: less(medians(&self.rrweb)) }
    }
}

impl Compared {
    /// What costs less than the page's own noise may be below zero: two such figures are no ratio, and what ours costs
    /// beside one is not hidden.
    pub(crate) fn cpu_ratio(&self) -> f64 {
        self.ours.cpu_ms.max(0.0) / self.rrweb.cpu_ms.max(LEAST_CPU_MS)
    }

    pub(crate) fn bytes_ratio(&self) -> f64 {
        self.ours.bytes / self.rrweb.bytes
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        let side = |cost: Cost| serde_json::json!({ "cpu_ms": round(cost.cpu_ms), "bytes": cost.bytes, "sent_ms": round(cost.sent_ms) });
        serde_json::json!({
            "page_itself_cpu_ms": round(self.bare.cpu_ms), "ours": side(self.ours), "rrweb": side(self.rrweb),
            "cpu_ratio": round(self.cpu_ratio()), "bytes_ratio": round(self.bytes_ratio()),
        })
    }
}

pub(crate) fn round(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

fn medians(costs: &[Cost]) -> Cost {
    let of = |field: fn(&Cost) -> f64| rig::probe::median(costs.iter().map(field).collect());
    Cost {
        cpu_ms: of(|cost| cost.cpu_ms),
        bytes: of(|cost| cost.bytes),
        messages: of(|cost| cost.messages),
        sent_ms: of(|cost| cost.sent_ms),
    }
}
