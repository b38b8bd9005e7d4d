//! The log: what is written, how it looks, and what never stands in it. Nobody who logs waits for whoever reads.
use std::{
    backtrace::{Backtrace, BacktraceStatus},
    io::{IsTerminal as _, Write as _},
    sync::LazyLock,
    time::Duration,
};

use anyhow::{Context as _, bail};
use prometheus_client::metrics::counter::Counter;
use tracing::{Level, Metadata, field::display};
use tracing_subscriber::{
    EnvFilter, Layer as _, Registry,
    filter::{FilterExt as _, LevelFilter, filter_fn},
    layer::{Filter, SubscriberExt as _},
    util::SubscriberInitExt as _,
};

mod lines;

use lines::Lines;

/// The filter's variable, in the syntax of [`EnvFilter`]; `info` if it is not set.
pub const FILTER: &str = "RINGSIDE_LOG";
/// `text`, or `json`: one object a line.
pub const FORMAT: &str = "RINGSIDE_LOG_FORMAT";
/// Below INFO these libraries print what passes through them: frames of sockets, numbers as customers typed
/// them. No filter reaches there.
const DISCREET: [&str; 3] = ["tungstenite", "tokio_tungstenite", "rlibphonenumber"];

/// How long the end of the process waits for whoever reads.
const END_WITHIN: Duration = Duration::from_secs(2);
/// Of this process's log.
static LOST: LazyLock<Counter> = LazyLock::new(Counter::default);

/// Counts lines that nobody will read: what reads the log was too slow, or gone.
pub fn lost() -> &'static Counter {
    &LOST
}

/// The log of this process.
pub struct Log(Lines);

impl Log {
    /// A line for people, whatever the filter.
    pub fn say(&self, text: &str) {
        // It takes every line.
        let _ = self.0.clone().write_all(format!("{text}\n").as_bytes());
    }

    /// Waits for what is still on its way, but not for somebody who does not read.
    pub fn end(&self) {
        self.0.are_out(END_WITHIN);
    }
}

/// Starts the log on standard error. Panics are lines of it: the usual hook would wait for whoever reads.
pub fn start() -> anyhow::Result<Log> {
    let filter = discreet(filter(std::env::var(FILTER).ok().as_deref())?);
    let log = Lines::to(std::io::stderr(), lost().clone()).context("the log cannot be started")?;
    let out = log.clone();
    let lines = tracing_subscriber::fmt::layer().with_writer(move || out.clone());
    let lines = match std::env::var(FORMAT).as_deref() {
        Err(_) | Ok("" | "text") => lines.with_ansi(std::io::stderr().is_terminal()).boxed(),
        Ok("json") => lines.json().flatten_event(true).boxed(),
        Ok(other) => bail!("{FORMAT} is `{other}`, and must be text or json"),
    };
    tracing_subscriber::registry().with(lines.with_filter(filter)).init();
    std::panic::set_hook(Box::new(|panic| {
        let (thread, backtrace) = (std::thread::current(), Backtrace::capture());
        let backtrace = (backtrace.status() == BacktraceStatus::Captured).then(|| display(&backtrace));
        tracing::error!(thread = thread.name(), %panic, backtrace, "a panic");
    }));
    Ok(Log(log))
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
