//! The longest task of the page's main thread while the whole page is recorded.
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use e2e::{Person, person::PATIENCE};
use rig::{bench::Goal, probe};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::{
    Plan,
    side::{Side, round},
    site::Site,
    tab::Tab,
};

/// Every task that a thread of Chromium runs is an event of this category.
const CATEGORIES: [&str; 3] = ["toplevel", "disabled-by-default-lifecycles", "__metadata"];
const FIGURE: &str = "longest_task_ms_45k";
const GOAL_MS: f64 = 50.0;
const PAGE: u32 = 45_000;

pub(crate) async fn run(
    plan: &Plan,
    person: &Person,
    site: &Site,
) -> Result<(Vec<(&'static str, f64, Goal)>, Value)> {
    let tab = Tab::of(person).await?;
    let mut details = json!({});
    let mut figures = Vec::new();
    for &nodes in plan.pages {
        for side in [Side::Ours, Side::Rrweb] {
            let mut longest = Vec::new();
            for _ in 0..plan.repetitions {
                tab.opens(plan, site, nodes, side).await?;
                tab.sweeps().await?;
                longest.push(longest_task(&tab).await?);
            }
            let wall = probe::median(longest.iter().map(|task| task.wall_ms).collect());
            let thread = probe::median(longest.iter().map(|task| task.thread_ms).collect());
            details[nodes.to_string()][side.name()] = json!({ "wall": round(wall), "thread": round(thread) });
            if (nodes, side) == (PAGE, Side::Ours) {
                figures.push((FIGURE, round(thread), Goal::AtMost(GOAL_MS)));
            }
        }
    }
    Ok((figures, details))
}

/// The longest of all tasks.
struct Task {
    /// By the clock: what others do on the machine counts.
    wall_ms: f64,
    /// By what the thread used: what it takes on a machine of its own.
    thread_ms: f64,
}

/// Starts the recording under a trace.
async fn longest_task(tab: &Tab<'_>) -> Result<Task> {
    let events: Arc<Mutex<Vec<Value>>> = Arc::default();
    let (told, mut done) = mpsc::unbounded_channel();
    let session = tab.person.context.new_cdp_session(&tab.person.page).await?;
    let kept = events.clone();
    session.on("Tracing.dataCollected", move |event: Value| {
        let chunk = event["value"].as_array().cloned().unwrap_or_default();
        kept.lock().unwrap_or_else(PoisonError::into_inner).extend(chunk);
        async { Ok(()) }
    });
    session.on("Tracing.tracingComplete", move |_: Value| {
        // Nobody listens any more after the first.
        let _ = told.send(());
        async { Ok(()) }
    });
    let config = json!({ "includedCategories": CATEGORIES, "excludedCategories": ["*"] });
    session.send("Tracing.start", Some(json!({ "traceConfig": config }))).await?;
    tab.person.asks::<Value>("() => bench.start()").await?;
    session.send("Tracing.end", None).await?;
    tokio::time::timeout(PATIENCE, done.recv()).await.context("the trace does not end")?;
    session.detach().await?;
    let events = events.lock().unwrap_or_else(PoisonError::into_inner);
    longest_of(&events).context("the trace has no task of the page's main thread")
}

/// The main threads of all pages that were traced; those that are not measured have nothing to do.
fn longest_of(events: &[Value]) -> Option<Task> {
    let number = |event: &Value, key: &str| event[key].as_f64().unwrap_or(0.0);
    let is_main =
        |event: &&Value| event["name"] == "thread_name" && event["args"]["name"] == "CrRendererMain";
    let thread = |event: &Value| (number(event, "pid"), number(event, "tid"));
    let threads: Vec<_> = events.iter().filter(is_main).map(thread).collect();
    let tasks = events.iter().filter(|event| event["ph"] == "X" && threads.contains(&thread(event)));
    let longest = |key: &str| tasks.clone().map(|event| number(event, key) / 1_000.0).fold(0.0, f64::max);
    let task = Task { wall_ms: longest("dur"), thread_ms: longest("tdur") };
    (task.wall_ms > 0.0).then_some(task)
}
