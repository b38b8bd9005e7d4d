//! `mirror-bench`: what `cargo xtask bench mirror` runs. Our recorder and replica as shipped against
//! `@rrweb/record` and `@rrweb/replay`, in one Chromium, in turn.
//!
//! CPU is what the page's main thread used, by DevTools' thread ticks, less what the same work costs in a page
//! that nobody records; serialising and compressing count on both sides. Bytes are those of the messages
//! that were sent: our frames, and rrweb's events as gzipped JSON.
mod apply;
mod keyframes;
mod latency;
mod memory;
mod mutations;
mod recorded;
mod scene;
mod side;
mod site;
mod stalled;
mod tab;
mod tasks;

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use e2e::Troupe;
use rig::{
    bench::{Figures, Goal},
    probe,
};
use serde_json::{Value, json};

/// Pages are the same in every run, unless another seed is asked for.
const SEED: u32 = 20_261_121;

/// How long the run is, and what it leaves out.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) json: bool,
    /// The server to measure latency with; none: the one that was built beside this program.
    pub(crate) server: Option<PathBuf>,
    pub(crate) seed: u32,
    /// Nodes of the pages.
    pub(crate) pages: &'static [u32],
    pub(crate) repetitions: usize,
    /// Changes whose way to the replica is timed.
    pub(crate) changes: u32,
    /// Pages that one customer walks through, and changes of one page, while memory is looked at.
    pub(crate) navigations: u32,
    pub(crate) churn: u32,
    /// The page goes on changing at least so long.
    pub(crate) minutes: u32,
    /// Name of the only part to run.
    pub(crate) only: Option<String>,
}

impl Plan {
    fn read(mut words: impl Iterator<Item = String>) -> Result<Self> {
        let mut plan = Self {
            json: false,
            server: None,
            seed: SEED,
            pages: &[1_000, 10_000, 45_000],
            repetitions: 5,
            changes: 400,
            navigations: 100,
            churn: 200_000,
            minutes: 0,
            only: None,
        };
        while let Some(word) = words.next() {
            let mut value = || words.next().with_context(|| format!("{word} wants a value"));
            match &*word {
                "--json" => plan.json = true,
                "--server" => plan.server = Some(value()?.into()),
                "--seed" => plan.seed = value()?.parse()?,
                "--repetitions" => plan.repetitions = value()?.parse()?,
                "--navigations" => plan.navigations = value()?.parse()?,
                "--churn" => plan.churn = value()?.parse()?,
                "--minutes" => plan.minutes = value()?.parse()?,
                "--only" => plan.only = Some(value()?),
                // Shows that it works; its figures mean nothing.
                "--short" => {
                    plan.pages = &[1_000];
                    plan.repetitions = 1;
                    plan.changes = 40;
                    plan.navigations = 5;
                    plan.churn = 1_000;
                }
                other => bail!("`{other}` is no option of this bench"),
            }
        }
        Ok(plan)
    }

    fn wants(&self, part: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only == part)
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let plan = Plan::read(std::env::args().skip(1))?;
    let figures = run(&plan).await?;
    let text = if plan.json { figures.json() } else { figures.table() };
    #[expect(clippy::print_stdout, reason = "this is a command for a terminal")]
    {
        println!("{text}");
    }
    Ok(())
}

async fn run(plan: &Plan) -> Result<Figures> {
    let load = probe::load();
    let site = site::Site::open().await?;
    let troupe = Troupe::assemble().await?;
    let person = troupe.reader("bench").await?;
    let mut found: Vec<(&'static str, f64, Goal)> = Vec::new();
    let mut context = json!({
        "rrweb": site::rrweb_version()?, "chromium": person.version(), "seed": plan.seed,
        "cores": std::thread::available_parallelism()?.get(), "repetitions": plan.repetitions,
        "load_before": load,
    });
    let mut keep = |name: &str, (figures, details): (Vec<(&'static str, f64, Goal)>, Value)| {
        found.extend(figures);
        context[name] = details;
    };
    if plan.wants("keyframes") {
        keep("keyframes", keyframes::run(plan, &person, &site).await?);
    }
    if plan.wants("tasks") {
        keep("longest_tasks_ms", tasks::run(plan, &person, &site).await?);
    }
    if plan.wants("mutations") {
        keep("mutations", mutations::run(plan, &person, &site).await?);
    }
    if plan.wants("latency") {
        keep("latency", latency::run(plan, &person, &site).await?);
    }
    if plan.wants("apply") {
        keep("apply", apply::run(plan, &person, &site).await?);
    }
    if plan.wants("stalled") {
        keep("stalled", stalled::run(plan, (&troupe, &person), &site).await?);
    }
    if plan.wants("memory") {
        keep("memory", memory::run(plan, &person, &site).await?);
    }
    if plan.wants("recorded") {
        keep("recorded", recorded::run(plan, &person, &site).await?);
    }
    context["load_after"] = probe::load().into();
    person.leaves().await?;
    Ok(Figures { bench: "mirror", figures: found, context })
}
