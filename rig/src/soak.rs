//! Many live contacts with co-browse for a long time: what the server uses from the start to the end. Contacts
//! end and new ones begin all the while, so that whatever stays of one would show.
use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use tokio::{
    sync::{Mutex, mpsc},
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

use crate::{
    World,
    agent::{self, Manner},
    cobrowse::{self, Crowd, Pace, Relay, Stage},
    crowd,
    customer::{self, Wish},
    people::{Chance, numbers},
    place::{Database, Place},
    probe::{self, Spread, Usage},
};

const PACE: Pace = Pace { per_second: 2, bytes: 200 };
/// What is looked at: so many seconds each time.
const LOOK: Duration = Duration::from_secs(30);
/// Customers come one after the other at the start.
const COMES_EVERY: Duration = Duration::from_millis(15);
/// All contacts are live by then.
const LIVE_WITHIN: Duration = Duration::from_secs(180);
/// A contact lives for one to three times this share of the run: each place is taken about five times.
const SHARE_OF_RUN: u32 = 10;
const LONGEST_SHARE: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub struct Look {
    /// Seconds since the contacts were live.
    pub at: u64,
    pub usage: Usage,
    /// Of one core, percent, over the look.
    pub cpu_percent: f64,
    pub latency: Spread,
    /// Contacts that are live now, and that have ended so far.
    pub live: usize,
    pub ended: u64,
}

#[derive(Debug)]
pub struct Report {
    pub looks: Vec<Look>,
    pub lost_connections: u64,
    pub delivered: u64,
    pub load_before: f64,
    pub faults: Vec<String>,
}

/// What all customers share.
struct Shop {
    world: Arc<World>,
    stage: Arc<Stage>,
    relay: Relay,
    numbers: Mutex<Box<dyn Iterator<Item = String> + Send>>,
    live: AtomicUsize,
    begun: AtomicUsize,
    ended: AtomicU64,
}

/// Runs and says each look as it comes.
pub async fn run(
    server: PathBuf,
    seed: u64,
    contacts: usize,
    period: Duration,
    say: impl Fn(&Look),
) -> Result<Report> {
    let load_before = probe::load();
    let place = Place::new(server, Database::Sqlite).await?;
    let config = place.configure("", crowd::STAYS)?;
    let agents = place.seed(&crowd::patient(), contacts).await?;
    let log = place.path("server.log");
    let mut launch = place.launch(&config, &log);
    launch.env.push(("RINGSIDE_LOG".into(), "warn".into()));
    let process = launch.start_well().await?;
    let share = u64::try_from((period / SHARE_OF_RUN).min(LONGEST_SHARE).as_millis())?;
    let (grants, granted) = mpsc::channel(contacts * 2);
    let mut world = World::new(&place);
    world.grants = Some(grants);
    let world = Arc::new(world);
    let mut desks = JoinSet::new();
    for (n, cookie) in place.sessions(&agents).await?.into_iter().enumerate() {
        let manner = Manner { views: 1, ..Manner::eager((share, 3 * share)) };
        desks.spawn(agent::work(world.clone(), cookie, manner, Chance::new(seed, &format!("agent {n}"))));
        if n % 20 == 19 {
            sleep(Duration::from_millis(50)).await;
        }
    }
    let shop = Arc::new(Shop {
        relay: Relay::Ringside { addr: place.addr, origin: place.origin() },
        stage: Arc::new(Stage::default()),
        numbers: Mutex::new(Box::new(numbers().cycle())),
        live: AtomicUsize::new(0),
        begun: AtomicUsize::new(0),
        ended: AtomicU64::new(0),
        world,
    });
    shop.stage.pace.send_replace(PACE);
    let mut people = Crowd::new();
    people.spawn(view(shop.clone(), granted));
    for n in 0..contacts {
        people.spawn(come_and_go(shop.clone(), Chance::new(seed, &format!("customer {n}"))));
        sleep(COMES_EVERY).await;
    }
    let all = async {
        while shop.live.load(Ordering::Relaxed) < contacts * 98 / 100 {
            sleep(Duration::from_millis(100)).await;
        }
    };
    ensure!(timeout(LIVE_WITHIN, all).await.is_ok(), "{:?} contacts are live in time", shop.live);

    let (began, mut looks) = (Instant::now(), Vec::new());
    while began.elapsed() < period {
        let look = look(&shop, process.pid()?, began, LOOK.min(period)).await?;
        say(&look);
        looks.push(look);
    }
    let report = Report {
        looks,
        lost_connections: shop.stage.lost.load(Ordering::Relaxed),
        delivered: shop.stage.delivered.load(Ordering::Relaxed),
        load_before,
        faults: shop.world.faults(),
    };
    shop.world.over.send_replace(true);
    people.shutdown().await;
    process.stop().await.context("the server does not end")?;
    Ok(report)
}

async fn look(shop: &Shop, pid: u32, began: Instant, period: Duration) -> Result<Look> {
    shop.stage.take();
    let (since, before) = (Instant::now(), probe::usage(pid)?);
    sleep(period).await;
    let usage = probe::usage(pid)?;
    let cpu = (usage.cpu_seconds - before.cpu_seconds) / since.elapsed().as_secs_f64();
    Ok(Look {
        at: began.elapsed().as_secs(),
        usage,
        cpu_percent: cpu * 100.0,
        latency: shop.stage.take(),
        live: shop.live.load(Ordering::Relaxed),
        ended: shop.ended.load(Ordering::Relaxed),
    })
}

/// One customer after the other: asks, is seen, talks until the agent hangs up.
async fn come_and_go(shop: Arc<Shop>, mut chance: Chance) {
    loop {
        let wish = Wish { number: shop.numbers.lock().await.next(), cancels: None };
        let accepted = match customer::ask(&shop.world, &wish, &mut chance).await {
            Ok((accepted, _)) => accepted,
            Err(error) => return shop.world.fault(format!("a customer: {error:#}")),
        };
        let session = shop.begun.fetch_add(1, Ordering::Relaxed);
        let page = cobrowse::publish(shop.stage.clone(), shop.relay.clone(), session, accepted.token.clone());
        shop.live.fetch_add(1, Ordering::Relaxed);
        let (ended, ()) = tokio::join!(customer::stay(&shop.world, wish, &accepted, &mut chance), page);
        shop.live.fetch_sub(1, Ordering::Relaxed);
        shop.ended.fetch_add(1, Ordering::Relaxed);
        if let Err(error) = ended {
            shop.world.fault(format!("a customer: {error:#}"));
        }
    }
}

/// Every agent sees the page of whom it talks to.
async fn view(shop: Arc<Shop>, mut granted: mpsc::Receiver<(shared::ContactId, String)>) {
    let mut viewers = Crowd::new();
    while let Some((_, token)) = granted.recv().await {
        viewers.spawn(cobrowse::view(shop.stage.clone(), shop.relay.clone(), 0, token, false));
        while viewers.try_join_next().is_some() {}
    }
}
