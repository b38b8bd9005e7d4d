//! What Prometheus reads: counts and times, never a name, a number or a business.
//!
//! Every label has a fixed set of values (routes of the router, phases, reasons, causes), so that no customer
//! and no attacker can make series. Served by [`crate::watch_listen`] on an address of its own.
use std::{fmt::Write as _, time::Duration};

use contact_core::{Change, record::Event};
use prometheus_client::{
    encoding::text::encode,
    metrics::{
        counter::Counter,
        family::{Family, MetricConstructor},
        gauge::Gauge,
        histogram::Histogram,
    },
    registry::Registry,
};
use shared::BusinessId;

use crate::{archive::tally::Tally, ports::Witness};

/// Seconds.
const REQUEST_BUCKETS: [f64; 9] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5];
const COMMIT_BUCKETS: [f64; 10] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 5.0];
const WAIT_BUCKETS: [f64; 9] = [5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0, 14_400.0];

type One = [(&'static str, String); 1];
type Two = [(&'static str, String); 2];
type Count<L> = Family<L, Counter>;
type Level = Family<One, Gauge>;
type Times = Family<One, Histogram, RequestTimes>;

#[derive(Clone)]
struct RequestTimes;

impl MetricConstructor<Histogram> for RequestTimes {
    fn new_metric(&self) -> Histogram {
        Histogram::new(REQUEST_BUCKETS)
    }
}

pub struct Metrics {
    registry: Registry,
    http_requests: Count<Two>,
    http_seconds: Times,
    requested: Count<One>,
    ended: Count<One>,
    dials: Counter,
    leg_ends: Count<One>,
    offers: Count<One>,
    wait_seconds: Histogram,
    erased: Counter,
    let_go: Count<One>,
    commits: Count<One>,
    commit_seconds: Histogram,
    commit_changes: Counter,
    spans: Count<One>,
    proofs: Count<One>,
    under_attack: Level,
    contacts: Level,
    agents: Level,
    connections: Gauge,
    disk_free: Gauge,
    recordings: Tally,
}

/// What is looked up when somebody asks.
#[derive(Default)]
pub struct Levels {
    /// By the phase's name.
    pub contacts: Vec<(String, u32)>,
    /// By the presence's name.
    pub agents: Vec<(String, u32)>,
    pub connections: usize,
    pub disk_free: Option<u64>,
    /// Businesses under attack, and whether the server is as a whole.
    pub attacked: (u32, bool),
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("ringside"),
            http_requests: Count::default(),
            http_seconds: Family::new_with_constructor(RequestTimes),
            requested: Count::default(),
            ended: Count::default(),
            dials: Counter::default(),
            leg_ends: Count::default(),
            offers: Count::default(),
            wait_seconds: Histogram::new(WAIT_BUCKETS),
            erased: Counter::default(),
            let_go: Count::default(),
            commits: Count::default(),
            commit_seconds: Histogram::new(COMMIT_BUCKETS),
            commit_changes: Counter::default(),
            spans: Count::default(),
            proofs: Count::default(),
            under_attack: Level::default(),
            contacts: Level::default(),
            agents: Level::default(),
            connections: Gauge::default(),
            disk_free: Gauge::default(),
            recordings: Tally::default(),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    fn register(&mut self) {
        let build = Level::default();
        build.get_or_create(&[("version", env!("CARGO_PKG_VERSION").to_owned())]).set(1);
        let r = &mut self.registry;
        r.register("build", "The version that runs", build);
        r.register("http_requests", "Answers by route and status", self.http_requests.clone());
        r.register(
            "http_request_seconds",
            "From the request's head to the answer's",
            self.http_seconds.clone(),
        );
        r.register("contacts_requested", "Requests that were accepted, by channel", self.requested.clone());
        r.register("contacts_ended", "Contacts that ended, by reason", self.ended.clone());
        r.register("dials", "Legs that were placed", self.dials.clone());
        r.register("leg_ends", "Legs that ended, by cause", self.leg_ends.clone());
        r.register("offers", "Offers to agents, and what became of them", self.offers.clone());
        r.register("wait_seconds", "From the request to the bridge", self.wait_seconds.clone());
        r.register("contacts_erased", "Contacts whose customer was erased", self.erased.clone());
        r.register("let_go", "What was kept long enough and is gone, by what it was", self.let_go.clone());
        r.register("commits", "Transactions, by outcome", self.commits.clone());
        r.register("commit_seconds", "Until a transaction is on disk", self.commit_seconds.clone());
        r.register("commit_changes", "Changes that transactions held", self.commit_changes.clone());
        r.register("spans", "Spans of traces, by what became of them", self.spans.clone());
        r.register(
            "log_lines_lost",
            "Lines of the log for which whatever reads it was too slow, or gone",
            crate::logs::lost().clone(),
        );
        r.register("proofs", "Proofs of work under attack, by what became of them", self.proofs.clone());
        r.register("under_attack", "Businesses under attack, and the server", self.under_attack.clone());
        r.register("contacts", "Contacts that are open now, by phase", self.contacts.clone());
        r.register("agents", "Agents now, by presence", self.agents.clone());
        r.register("connections", "Connections that are up", self.connections.clone());
        r.register("disk_free_bytes", "Room where the data folder is", self.disk_free.clone());
        self.recordings.register(r);
    }

    /// Where what becomes of recordings is counted.
    pub fn recordings(&self) -> Tally {
        self.recordings.clone()
    }

    /// One answer. `route` is the router's own pattern, never the path.
    pub fn answered(&self, route: &str, status: u16, took: Duration) {
        let route = || ("route", route.to_owned());
        self.http_requests.get_or_create(&[route(), ("status", status.to_string())]).inc();
        self.http_seconds.get_or_create(&[route()]).observe(took.as_secs_f64());
    }

    /// What retention let go of: `trails`, `customers`, `records`; or a turn that `failed`.
    pub fn let_go(&self, what: &'static str, count: u32) {
        self.let_go.get_or_create(&[("what", what.to_owned())]).inc_by(count.into());
    }

    /// Spans that were sent, or lost because nobody took them.
    pub fn spans(&self, outcome: &'static str, count: usize) {
        self.spans.get_or_create(&[("outcome", outcome.to_owned())]).inc_by(count as u64);
    }

    /// A request for a call while there is an attack.
    pub fn proof(&self, outcome: &'static str) {
        self.proofs.get_or_create(&[("outcome", outcome.to_owned())]).inc();
    }

    /// The text format of Prometheus, with what the process itself uses.
    pub fn text(&self, levels: &Levels) -> String {
        set(&self.contacts, "phase", &levels.contacts);
        set(&self.agents, "presence", &levels.agents);
        let (businesses, server) = levels.attacked;
        let attacked = [("business".to_owned(), businesses), ("server".to_owned(), server.into())];
        set(&self.under_attack, "scope", &attacked);
        self.connections.set(i64::try_from(levels.connections).unwrap_or(i64::MAX));
        self.disk_free.set(levels.disk_free.and_then(|bytes| i64::try_from(bytes).ok()).unwrap_or(-1));
        let mut text = String::new();
        // A String takes every write; the end of the document comes last.
        let _ = encode(&mut text, &self.registry);
        let body = text.strip_suffix("# EOF\n").unwrap_or(&text).to_owned();
        format!("{body}{}# EOF\n", process())
    }

    fn saw(&self, event: &Event, changes: &[Change]) {
        let one = |family: &Count<One>, label: &'static str, value: String| {
            family.get_or_create(&[(label, value)]).inc();
        };
        match event {
            Event::Requested { channel, merged: false, .. } => one(&self.requested, "channel", name(channel)),
            Event::Ended { reason, .. } => one(&self.ended, "reason", name(reason)),
            Event::Dialed { .. } => drop(self.dials.inc()),
            Event::LegEnded { cause, .. } => one(&self.leg_ends, "cause", name(cause)),
            Event::Offered { .. } => one(&self.offers, "outcome", "offered".into()),
            Event::Accepted { .. } => one(&self.offers, "outcome", "accepted".into()),
            Event::OfferLapsed { declined, .. } => {
                one(&self.offers, "outcome", if *declined { "declined" } else { "not_answered" }.into());
            }
            Event::Bridged { contact, .. } => {
                let waited = changes.iter().find_map(|change| {
                    let Change::Contact(row) = change else { return None };
                    let at = row.bridged_at.filter(|_| row.id == *contact)?;
                    Some(at.since(row.requested_at))
                });
                if let Some(waited) = waited {
                    self.wait_seconds.observe(waited.as_secs_f64());
                }
            }
            Event::Erased { .. } => drop(self.erased.inc()),
            Event::Requested { merged: true, .. }
            | Event::Queued { .. }
            | Event::Reserved { .. }
            | Event::Answered { .. }
            | Event::Confirmed { .. }
            | Event::Held { .. }
            | Event::PowerAsked { .. }
            | Event::PowerGranted { .. }
            | Event::PowerRefused { .. }
            | Event::PowerEnded { .. }
            | Event::PointingStopped { .. }
            | Event::WatchBegan { .. }
            | Event::WatchEnded { .. }
            | Event::CodeMade { .. }
            | Event::WrapUpDone { .. }
            | Event::SharingSet { .. }
            | Event::OptedOut { .. }
            | Event::Presence { .. }
            | Event::RecordingPlayed { .. }
            | Event::SettingsChanged { .. } => {}
        }
    }
}

impl Witness for Metrics {
    fn committed(&self, _: BusinessId, changes: &[Change], took: Duration) {
        self.commits.get_or_create(&[("outcome", "done".to_owned())]).inc();
        self.commit_seconds.observe(took.as_secs_f64());
        self.commit_changes.inc_by(changes.len() as u64);
        for change in changes {
            if let Change::Event(_, event) = change {
                self.saw(event, changes);
            }
        }
    }

    fn not_committed(&self, _: BusinessId) {
        self.commits.get_or_create(&[("outcome", "failed".to_owned())]).inc();
    }
}

/// As JSON names it.
pub(crate) fn name(value: &impl serde::Serialize) -> String {
    let text = serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned));
    text.unwrap_or_default()
}

/// What is not there is nought: a series never vanishes.
fn set(family: &Level, label: &'static str, counts: &[(String, u32)]) {
    for (value, count) in counts {
        family.get_or_create(&[(label, value.clone())]).set(i64::from(*count));
    }
}

/// What every Prometheus client tells of its process, from Linux's `/proc`.
fn process() -> String {
    let mut text = String::new();
    let mut gauge = |name: &str, help: &str, value: Option<f64>| {
        if let Some(value) = value {
            let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}\n");
        }
    };
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let resident = kilobytes.and_then(|text| text.trim().strip_suffix(" kB")?.parse::<f64>().ok());
    let files = std::fs::read_dir("/proc/self/fd").ok().map(|files| files.count() as f64);
    gauge("process_resident_memory_bytes", "Memory that is in use", resident.map(|kb| kb * 1024.0));
    gauge("process_open_fds", "Files and sockets that are open", files);
    text
}

#[cfg(test)]
mod tests {
    use shared::{ContactId, Timestamp, contact::EndReason};

    use super::*;

    #[test]
    fn what_was_committed_is_counted_and_nothing_personal_is_told() {
        let metrics = Metrics::default();
        let ended = Event::Ended { contact: ContactId(0xABCDEF), reason: EndReason::Completed };
        metrics.committed(BusinessId(7), &[Change::Event(Timestamp(1), ended)], Duration::from_millis(3));
        metrics.not_committed(BusinessId(7));
        metrics.answered("/api/v1/requests", 201, Duration::from_millis(4));
        let levels =
            Levels { contacts: vec![("waiting".into(), 3)], disk_free: Some(5), ..Levels::default() };
        let text = metrics.text(&levels);
        for line in [
            "ringside_contacts_ended_total{reason=\"completed\"} 1",
            "ringside_commits_total{outcome=\"failed\"} 1",
            "ringside_http_requests_total{route=\"/api/v1/requests\",status=\"201\"} 1",
            "ringside_contacts{phase=\"waiting\"} 3",
            "ringside_disk_free_bytes 5",
        ] {
            assert!(text.lines().any(|known| known == line), "{line} is missing in\n{text}");
        }
        assert!(text.ends_with("# EOF\n") && text.matches("# EOF").count() == 1);
        assert!(!text.to_lowercase().contains("abcdef"), "an id is a label without bounds");
    }
}
