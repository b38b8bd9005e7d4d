//! Kills the server again and again in a busy period, then audits what it kept.
//!
//! Each life of the server ends by `kill -9`: at a named commit boundary (a fail point of a debug build), or
//! at a random moment. Customers and agents go on all the while, and come back by themselves.
use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context as _, Result, ensure};
use contact_core::center;
use contact_server::clock::Clock as _;
use shared::{ContactId, Timestamp, contact::EndReason};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

use crate::{
    World, agent,
    audit::{self, Kept},
    customer::{self, Wish},
    journal::Journal,
    people::{Chance, numbers},
    place::{Database, Place, shortened},
    process::{Process, Started},
};

/// Commit boundaries: before the commit, after it and before anybody is told, after everybody was told.
pub const BOUNDARIES: [(&str, &str); 24] = [
    ("told", "requested"),
    ("before", "requested"),
    ("stored", "requested"),
    ("before", "dialed"),
    ("stored", "dialed"),
    ("told", "dialed"),
    ("before", "answered"),
    ("stored", "answered"),
    ("told", "answered"),
    ("before", "confirmed"),
    ("stored", "confirmed"),
    ("told", "confirmed"),
    ("before", "offered"),
    ("stored", "offered"),
    ("told", "offered"),
    ("before", "bridged"),
    ("stored", "bridged"),
    ("told", "bridged"),
    ("before", "ended"),
    ("stored", "ended"),
    ("told", "ended"),
    ("before", "wrap_up_done"),
    ("stored", "wrap_up_done"),
    ("told", "wrap_up_done"),
];
/// Beside them, on an empty database.
const MIGRATIONS: [(&str, &str); 2] = [("before", "migration"), ("stored", "migration")];
const ABORT: &str = "RINGSIDE_TEST_ABORT";
/// From the last life's end until every customer must have been served.
const DRAIN: Duration = Duration::from_secs(240);
/// What a simulated person does, quickly; and lines that lose, double and delay a few events.
pub const HASTE: &str = "browsers = 'connected'\nprompt_ms = 500\n\
    customers = { answer = 80, no_answer = 6, busy = 6, rejected = 4, failed = 4, rings_ms = [100, 1500], \
    presses_one = 92, presses_nine = 1, presses_nothing = 7, presses_ms = [100, 1000], \
    patience_ms = [4000, 12000], talks_ms = [500, 5000] }\n\
    faults = { lost = 5, doubled = 20, late = 30, late_ms = [50, 2000], crashes = 1 }\n";

#[derive(Debug, Clone)]
pub struct Plan {
    pub server: PathBuf,
    pub database: Database,
    pub seed: u64,
    pub kills: u32,
    /// How long the busy period lasts, restarts included.
    pub period: Duration,
    pub agents: usize,
    pub customers: usize,
}

/// What was seen.
#[derive(Debug, Default)]
pub struct Report {
    pub kills: BTreeMap<String, u32>,
    pub contacts: usize,
    pub reasons: BTreeMap<String, u32>,
    pub events: usize,
    pub interrupted_legs: usize,
    pub calls_wrapped_up: u32,
    pub requests_tried_again: u32,
    pub reconnects: u32,
    pub slowest_start: Duration,
    /// Median and longest, from the server's readiness.
    pub healing: (Duration, Duration),
    pub faults: Vec<String>,
    /// Kept if something was wrong.
    pub folder: Option<PathBuf>,
}

/// Customers that came to an end: the contact and what they were told.
type Told = Vec<(ContactId, Option<EndReason>, u32, u32)>;

pub async fn run(plan: &Plan) -> Result<Report> {
    let place = Place::new(plan.server.clone(), plan.database).await?;
    let journal = place.path("journal");
    let config =
        place.configure("", &format!("seed = {}\njournal = '{}'\n{HASTE}", plan.seed, journal.display()))?;
    let mut report = Report::default();
    let mut lives = Lives {
        place: &place,
        config,
        log: place.path("server.log"),
        chance: Chance::new(plan.seed, "lives"),
        report: &mut report,
    };
    lives.migrate().await?;
    let agents = place.seed(&shortened(), plan.agents).await?;
    let cookies = place.sessions(&agents).await?;
    let world = Arc::new(World::new(&place));

    let closing = watch::Sender::new(false);
    let mut desks = JoinSet::new();
    for (n, cookie) in cookies.into_iter().enumerate() {
        let chance = Chance::new(plan.seed, &format!("agent {n}"));
        desks.spawn(agent::work(world.clone(), cookie, agent::Manner::default(), chance));
    }
    let mut shoppers = JoinSet::new();
    for (n, number) in numbers().take(plan.customers).enumerate() {
        let chance = Chance::new(plan.seed, &format!("customer {n}"));
        shoppers.spawn(shop(world.clone(), number, chance, closing.subscribe(), plan.period));
    }

    lives.live(plan, &world).await?;
    let last = lives.begin(&world, None).await?.context("the server starts without a fail point")?;
    closing.send_replace(true);
    let told = drain(&world, shoppers, &mut report).await;
    world.over.send_replace(true);
    while let Some(story) = desks.join_next().await {
        let story = story?;
        report.calls_wrapped_up += story.calls;
        report.reconnects += story.reconnects;
    }
    last.stop().await?;
    conclude(&place, &world, &journal, told, &mut report).await?;
    if !report.faults.is_empty() {
        report.folder = Some(place.keep());
    }
    Ok(report)
}

/// One customer, who asks again and again until the shop closes.
async fn shop(
    world: Arc<World>,
    number: String,
    mut chance: Chance,
    mut closing: watch::Receiver<bool>,
    period: Duration,
) -> Result<Told> {
    let (mut told, mut number) = (Vec::new(), Some(number));
    let first = u64::try_from(period.as_millis().min(20_000))?;
    let mut pause = chance.ms(0, first);
    loop {
        if timeout(pause, closing.wait_for(|closed| *closed)).await.is_ok() {
            return Ok(told);
        }
        let wanted = number.clone().filter(|_| !chance.percent(25));
        let cancels = chance.percent(8).then(|| chance.ms(200, 6_000));
        match customer::call(&world, Wish { number: wanted, cancels }, &mut chance).await? {
            Some(story) => told.push((story.contact, story.reason, story.tries, story.reconnects)),
            // Pressed 9, and is not called any more: talks in the page from now on.
            None => number = None,
        }
        pause = chance.ms(500, 15_000);
    }
}

/// Waits until every customer has been told how it ended.
async fn drain(world: &World, mut shoppers: JoinSet<Result<Told>>, report: &mut Report) -> Told {
    let mut all = Vec::new();
    let deadline = Instant::now() + DRAIN;
    while let Ok(Some(ended)) = tokio::time::timeout_at(deadline, shoppers.join_next()).await {
        match ended {
            Ok(Ok(told)) => all.extend(told),
            Ok(Err(error)) => world.fault(format!("a customer: {error:#}")),
            Err(error) => world.fault(format!("a customer: {error}")),
        }
    }
    if !shoppers.is_empty() {
        world.fault(format!("{} customers were not served within {DRAIN:?}", shoppers.len()));
    }
    for (_, _, tries, reconnects) in &all {
        report.requests_tried_again += tries - 1;
        report.reconnects += reconnects;
    }
    all
}

async fn conclude(
    place: &Place,
    world: &World,
    journal: &std::path::Path,
    told: Told,
    report: &mut Report,
) -> Result<()> {
    let (kept, faults) = audit::audit(&place.database, place.business).await?;
    report.faults.extend(world.faults());
    report.faults.extend(faults);
    let journal = Journal::read(journal)?;
    report.faults.extend(journal.faults);
    let legs: std::collections::BTreeSet<String> = kept.legs.iter().map(|leg| leg.leg.to_string()).collect();
    for leg in journal.placed.difference(&legs) {
        report.faults.push(format!("leg {leg} was placed without its intent on disk"));
    }
    let rows: BTreeMap<ContactId, _> = kept.contacts.iter().map(|row| (row.id, row)).collect();
    for (contact, reason, ..) in &told {
        match rows.get(contact) {
            None => report.faults.push(format!("contact {contact} was answered by 201 and is lost")),
            // A page that was told by its close alone knows no reason.
            Some(row) if reason.is_some() && center::ended(row).and_then(|end| end.reason) != *reason => {
                report.faults.push(format!("contact {contact} ended {:?}, told {reason:?}", row.reason));
            }
            Some(_) => {}
        }
    }
    for row in kept.contacts.iter().filter(|row| !row.state.is_over()) {
        report.faults.push(format!("contact {} is still {}", row.id, row.state.name()));
    }
    count(&kept, report);
    let healing = world.healing();
    let longest = healing.last().copied().unwrap_or_default();
    report.healing = (healing.get(healing.len() / 2).copied().unwrap_or_default(), longest);
    Ok(())
}

fn count(kept: &Kept, report: &mut Report) {
    report.contacts = kept.contacts.len();
    report.events = kept.events.len();
    let interrupted =
        |leg: &&shared::api::LegRecord| leg.cause == Some(shared::contact::LegCause::Interrupted);
    report.interrupted_legs = kept.legs.iter().filter(interrupted).count();
    for row in &kept.contacts {
        let reason = row.reason.map_or("none".to_owned(), |reason| format!("{reason:?}"));
        *report.reasons.entry(reason).or_default() += 1;
    }
}

/// The lives of the server.
struct Lives<'a> {
    place: &'a Place,
    config: PathBuf,
    log: PathBuf,
    chance: Chance,
    report: &'a mut Report,
}

impl Lives<'_> {
    /// Starts a server on an empty database that is killed in its migration, and again.
    async fn migrate(&mut self) -> Result<()> {
        for boundary in MIGRATIONS {
            let mut launch = self.place.launch(&self.config, &self.log);
            launch.env = vec![(ABORT.to_owned(), format!("{}:{}:1", boundary.0, boundary.1))];
            ensure!(
                matches!(launch.start().await?, Started::Ended),
                "fail points are not there: this trial needs a debug build of the server"
            );
            self.count(&format!("{} {}", boundary.0, boundary.1));
        }
        Ok(())
    }

    /// Kills the server as often as planned.
    async fn live(&mut self, plan: &Plan, world: &World) -> Result<()> {
        let mean = u64::try_from(plan.period.as_millis())? / u64::from(plan.kills.max(1));
        // Where the turn begins is the seed's.
        let (mut killed_at, mut nth) = (Timestamp(0), self.chance.below(BOUNDARIES.len()));
        for kill in 0..plan.kills {
            let began = Instant::now();
            // Two in three at a boundary, the others anywhere.
            let boundary = (kill % 3 != 2).then(|| {
                nth += 1;
                BOUNDARIES[nth % BOUNDARIES.len()]
            });
            let abort = boundary.map(|(stage, name)| {
                let count = 1 + self.chance.below(6);
                (ABORT.to_owned(), format!("{stage}:{name}:{count}"))
            });
            let life = self.chance.ms(mean / 2, mean * 3 / 2);
            let started = self.begin(world, abort).await?;
            let by_itself = match started {
                None => true,
                Some(mut process) => {
                    self.check_agents(killed_at).await?;
                    let by_itself = process.ends_within(life).await?;
                    process.kill().await?;
                    by_itself
                }
            };
            killed_at = contact_server::clock::SystemClock::default().now();
            match boundary.filter(|_| by_itself) {
                Some((stage, name)) => self.count(&format!("{stage} {name}")),
                None => self.count("any moment"),
            }
            // Nobody is to come back to a server that is restarted faster than a person could.
            sleep(life.saturating_sub(began.elapsed()).min(Duration::from_millis(mean / 4))).await;
        }
        Ok(())
    }

    async fn begin(&mut self, world: &World, abort: Option<(String, String)>) -> Result<Option<Process>> {
        let mut launch = self.place.launch(&self.config, &self.log);
        launch.env.extend(abort);
        match launch.start().await? {
            Started::Ended => Ok(None),
            Started::Ready(process) => {
                world.server_is_ready();
                self.report.slowest_start = self.report.slowest_start.max(process.ready_after);
                Ok(Some(process))
            }
        }
    }

    /// What the restart decided is on disk when the server is ready: no agent is held by a dead call.
    async fn check_agents(&mut self, killed_at: Timestamp) -> Result<()> {
        let kept = audit::read(&self.place.database, self.place.business).await?;
        self.report.faults.extend(audit::held(&kept, killed_at));
        Ok(())
    }

    fn count(&mut self, kind: &str) {
        *self.report.kills.entry(kind.to_owned()).or_default() += 1;
    }
}
