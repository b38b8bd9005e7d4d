//! A call in which nobody does anything for a while, and whose server is killed then: how long is it on record?
use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context as _, Result, ensure};
use shared::{ContactId, Timestamp, contact::LegCause};
use tokio::time::{sleep, timeout};

use crate::{
    World, agent,
    audit::{self, Kept},
    customer::{self, Wish},
    people::{Chance, numbers},
    place::{Database, Place, now, shortened},
};

/// So long nothing happens: two signs of life at least, and more than the store could be behind by chance.
const QUIET: Duration = Duration::from_secs(11);
/// A call that is not up by then, or whose server gives no sign of life by then.
const WITHIN: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Everybody answers and talks for long.
const PATIENT: &str = "browsers = 'connected'\nprompt_ms = 100\n\
    customers = { answer = 100, no_answer = 0, busy = 0, rejected = 0, failed = 0, rings_ms = [100, 100], \
    presses_one = 100, presses_nine = 0, presses_nothing = 0, presses_ms = [100, 100], \
    patience_ms = [600000, 600000], talks_ms = [600000, 600000] }\n";

#[derive(Debug)]
pub struct Report {
    /// From the bridge to the last thing that was seen to be stored before the kill, and to the kill.
    pub lived: (Duration, Duration),
    /// From the bridge to the end of each leg, and what the contact says.
    pub on_record: Vec<Duration>,
    pub faults: Vec<String>,
}

pub async fn run(server: PathBuf, database: Database) -> Result<Report> {
    let place = Place::new(server, database).await?;
    let (config, log) = (place.configure("", PATIENT)?, place.path("server.log"));
    let agents = place.seed(&shortened(), 1).await?;
    let cookie = place.sessions(&agents).await?.remove(0);
    let mut process = place.launch(&config, &log).start_well().await?;
    let world = Arc::new(World::new(&place));
    let mut chance = Chance::new(1, "quiet");
    let manner = agent::Manner::eager((600_000, 600_000));
    let desk = tokio::spawn(agent::work(world.clone(), cookie, manner, Chance::new(1, "agent")));
    let wish = Wish { number: numbers().next(), cancels: None };
    let (accepted, _) = customer::ask(&world, &wish, &mut chance).await?;
    let up = timeout(WITHIN, until_quiet(&place, accepted.contact));
    let (bridged_at, seen_at) = up.await.context("the call gave no sign of life in time")??;
    process.kill().await?;
    let killed_at = now();

    let process = place.launch(&config, &log).start_well().await?;
    let kept = audit::read(&place.database, place.business).await?;
    let since = |at: Timestamp| at.since(bridged_at);
    let cut_off: Vec<_> = kept.legs.iter().filter(|leg| leg.cause == Some(LegCause::Interrupted)).collect();
    ensure!(cut_off.len() == 2, "the restart cut off {} legs and not both", cut_off.len());
    let mut on_record: Vec<Duration> = cut_off.iter().filter_map(|leg| Some(since(leg.ended_at?))).collect();
    let contact = kept.contacts.iter().find(|row| row.id == accepted.contact);
    on_record.push(Duration::from_millis(contact.context("the contact is lost")?.talked_ms));
    world.over.send_replace(true);
    desk.await?;
    process.stop().await?;
    let (_, mut faults) = audit::audit(&place.database, place.business).await?;
    faults.extend(world.faults());
    Ok(Report { lived: (since(seen_at), since(killed_at)), on_record, faults })
}

/// Until the two talk and it has been [`QUIET`]: when they were bridged, and what was last stored.
async fn until_quiet(place: &Place, contact: ContactId) -> Result<(Timestamp, Timestamp)> {
    loop {
        let Kept { contacts, events, last_at, .. } = audit::read(&place.database, place.business).await?;
        let bridged_at = contacts.iter().find(|row| row.id == contact).and_then(|row| row.bridged_at);
        let last_event = events.last().map(|(_, at, _)| *at);
        if let (Some(bridged_at), Some(last_event)) = (bridged_at, last_event)
            && last_at.since(last_event) >= QUIET
        {
            return Ok((bridged_at, last_at));
        }
        sleep(LOOK_EVERY).await;
    }
}
