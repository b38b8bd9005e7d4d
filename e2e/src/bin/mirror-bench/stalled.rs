//! One viewer reads nothing while the page goes on. What the other notices of it, and how that one comes back.
use anyhow::{Context, Result, bail};
use e2e::{
    Person, Troupe, agent,
    mirrored::{difference, page_lines, replica_lines},
    relay::Relay,
};
use rig::bench::Goal;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{
    Plan,
    latency::{self, at},
    scene::{self, PAGE, REPLICA, Scene},
    side::{Side, round},
    site::Site,
    tab::Tab,
};

/// Changes that the stalled viewer does not read: more than sockets hold.
const CHANGES_MISSED: u32 = 20_000;
/// Of the other's latencies, with that viewer and without: what the relay bench allows for.
const GOAL: f64 = 1.3;

pub(crate) async fn run(
    plan: &Plan,
    (troupe, person): (&Troupe, &Person),
    site: &Site,
) -> Result<(Vec<(&'static str, f64, Goal)>, Value)> {
    let scene = Scene::open(plan, person, site).await?;
    let tab = Tab::of(person).await?;
    let (relay, other) = watcher(troupe, &scene).await?;
    scene::shows(plan, &tab, (site, PAGE), (Side::Ours, &scene.to), (&scene.agent, REPLICA)).await?;
    other.clicks(".live-list button:has-text('Watch')").await?;
    same(person, &other).await.context("before")?;
    let (mut alone, mut beside) = (latency::Ways::default(), latency::Ways::default());
    let (mut recovered, mut held) = (Vec::new(), Vec::new());
    for _ in 0..plan.repetitions.div_ceil(2) {
        alone.extend(latency::changes(plan, &tab, (&scene.agent, REPLICA)).await?);
        same(person, &other).await.context("while all read")?;
        relay.hold(true);
        let stalled = Instant::now();
        let missed = CHANGES_MISSED.min(plan.churn);
        let last: f64 = person.asks(&format!("() => bench.churn({missed})")).await?;
        let here = format!("() => {REPLICA}.getElementById('beat').textContent === '{last}'");
        scene.agent.finds("the replica has followed", &here).await?;
        beside.extend(latency::changes(plan, &tab, (&scene.agent, REPLICA)).await?);
        let began = Instant::now();
        relay.hold(false);
        held.push(stalled.elapsed().as_secs_f64());
        same(person, &other).await.context("that one, later")?;
        recovered.push(began.elapsed().as_secs_f64() * 1_000.0);
        same(person, &scene.agent).await.context("the other")?;
    }
    let seen = relay.seen();
    let recovered = rig::probe::median(recovered);
    let p99 = |ways: &latency::Ways| at(&ways.seen, 99);
    let figures = vec![
        ("stalled_beside_p50_ratio", round(at(&beside.seen, 50) / at(&alone.seen, 50)), Goal::AtMost(GOAL)),
        ("stalled_sockets_lost", f64::from(seen.sockets - 1), Goal::AtMost(0.0)),
    ];
    let details = json!({
        "missed_changes": CHANGES_MISSED.min(plan.churn), "recovered_ms": round(recovered),
        "held_s": round(rig::probe::median(held)),
        "alone_p50_ms": round(at(&alone.seen, 50)), "beside_p50_ms": round(at(&beside.seen, 50)),
        "alone_p99_ms": round(p99(&alone)), "beside_p99_ms": round(p99(&beside)),
        "stalled_was_sent": { "keyframes": seen.keyframes, "patches": seen.patches },
    });
    other.leaves().await?;
    Ok((figures, details))
}

/// A supervisor in a browser of its own, who has not begun to watch.
async fn watcher(troupe: &Troupe, scene: &Scene) -> Result<(Relay, Person)> {
    let create =
        ["agent", "create", "--business", "harbour-and-pine", "--login", "eve", "--name", "Eve Holt"];
    let printed = scene.stage.admin(&[&create[..], &["--supervisor"]].concat()).await?;
    let password = printed.lines().find_map(|line| line.strip_prefix("password "));
    let relay = Relay::before(&scene.stage.ready.url).await?;
    let person = troupe.reader_behind("eve", &relay).await?;
    let password = password.context("a password is printed")?;
    agent::signs_in_as(&person, &scene.stage.ready, "eve", password).await?;
    person.clicks(".tab:has-text('Watch')").await?;
    Ok((relay, person))
}

/// Waits until the replica reads as the page does.
async fn same(page: &Person, viewer: &Person) -> Result<()> {
    let ends = Instant::now() + e2e::person::PATIENCE;
    loop {
        let (wanted, shown) = (page_lines(page).await?, replica_lines(viewer).await?);
        if wanted == shown {
            return Ok(());
        }
        if Instant::now() > ends {
            bail!("{} sees another page\n{}", viewer.name, difference(&wanted, &shown));
        }
        viewer.asks::<bool>(e2e::mirrored::NEXT_FRAME).await?;
    }
}
