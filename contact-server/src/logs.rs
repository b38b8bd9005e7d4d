//! The log: what is written, how it looks, and what never stands in it.
use std::io::IsTerminal as _;

use anyhow::{Context as _, bail};
use tracing::{Level, Metadata};
use tracing_subscriber::{
    EnvFilter, Layer as _, Registry,
    filter::{FilterExt as _, LevelFilter, filter_fn},
    layer::{Filter, SubscriberExt as _},
    util::SubscriberInitExt as _,
};

/// The filter's variable, in the syntax of [`EnvFilter`]; `info` if it is not set.
pub const FILTER: &str = "RINGSIDE_LOG";
/// `text`, or `json`: one object a line.
pub const FORMAT: &str = "RINGSIDE_LOG_FORMAT";
/// Below INFO these libraries print what passes through them: frames of sockets, numbers as customers typed
/// them. No filter reaches there.
const DISCREET: [&str; 3] = ["tungstenite", "tokio_tungstenite", "rlibphonenumber"];

/// Starts the log on standard error.
pub fn start() -> anyhow::Result<()> {
    let filter = discreet(filter(std::env::var(FILTER).ok().as_deref())?);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = match std::env::var(FORMAT).as_deref() {
        Err(_) | Ok("" | "text") => lines.with_ansi(std::io::stderr().is_terminal()).boxed(),
        Ok("json") => lines.json().flatten_event(true).boxed(),
        Ok(other) => bail!("{FORMAT} is `{other}`, and must be text or json"),
    };
    tracing_subscriber::registry().with(lines.with_filter(filter)).init();
    Ok(())
}

fn filter(wanted: Option<&str>) -> anyhow::Result<EnvFilter> {
    let wanted = wanted.filter(|text| !text.is_empty()).unwrap_or("info");
    let filter = EnvFilter::builder().parse(wanted);
    filter.with_context(|| format!("{FILTER} cannot be used: write it like info,contact_server=debug"))
}

/// The hint lets lines that nobody wants cost nothing: without it every library's every line is made and
/// looked at first, several for each frame of a socket.
fn discreet(filter: EnvFilter) -> impl Filter<Registry> {
    filter.and(filter_fn(is_discreet).with_max_level_hint(LevelFilter::TRACE))
}

fn is_discreet(line: &Metadata<'_>) -> bool {
    let library = line.target().split("::").next().unwrap_or_default();
    *line.level() <= Level::INFO || !DISCREET.contains(&library)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_below_the_filter_are_not_even_made() {
        assert_eq!(discreet(filter(None).unwrap()).max_level_hint(), Some(LevelFilter::INFO));
        let loud = discreet(filter(Some("warn,contact_server=debug")).unwrap());
        assert_eq!(loud.max_level_hint(), Some(LevelFilter::DEBUG));
    }

    #[test]
    fn a_filter_that_cannot_be_read_is_a_fault_and_not_the_default() {
        assert!(filter(Some("loud,=")).is_err());
        assert!(filter(None).is_ok() && filter(Some("")).is_ok());
    }
}
