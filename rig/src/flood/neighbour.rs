//! A well-behaved business: customers who ask, are called and talk; agents; pages that are seen all the while.
use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use anyhow::Result;
use contact_core::Settings;
use shared::{
    AgentId, ContactId, ProtocolVersion, TabId,
    api::CallAccepted,
    contact::Phase,
    wire::widget::{Hello, ServerToWidget, WidgetToServer},
};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep, sleep_until, timeout},
};

use super::Size;
use crate::{
    World,
    agent::{self, Manner},
    cobrowse::{Crowd, Pace, Stage},
    crowd::{self, Live},
    customer::{Wish, post_from, request},
    http::Http,
    people::{Chance, numbers},
    place::{Place, SHOP},
    probe::Spread,
    socket::Socket,
};

/// Agents who take the calls that come, beside those who see a page all the while.
pub const AGENTS: usize = 30;
const PACE: Pace = Pace { per_second: 10, bytes: 200 };
/// Whatever has not been answered, offered or ended by then is a fault.
const SERVED_WITHIN: Duration = Duration::from_secs(20);
/// Everybody answers and presses 1 at once, and stays until the agent hangs up.
pub const AT_ONCE: &str = "browsers = 'connected'\ncustomers = { answer = 1, no_answer = 0, busy = 0, rejected = 0, \
    failed = 0, rings_ms = [0, 0], presses_one = 1, presses_nine = 0, presses_nothing = 0, presses_ms = [0, 0], \
    patience_ms = [600000, 600000], talks_ms = [7200000, 7200000] }\n";

pub fn settings() -> Settings {
    crowd::patient()
}

/// What was waited for in one window.
#[derive(Debug, Default)]
pub struct Window {
    /// From the request to its 201.
    pub answered: Spread,
    /// From the page's first packet to its welcome.
    pub joined: Spread,
    /// From the request to the offer at an agent's socket.
    pub offered: Spread,
    /// From a page to its viewer.
    pub frames: Spread,
    /// Whatever no neighbour should see, and how often.
    pub trouble: BTreeMap<String, u64>,
}

pub struct Neighbour {
    world: Arc<World>,
    live: Live,
    stage: Arc<Stage>,
    pages: Crowd,
    desks: JoinSet<agent::Story>,
    numbers: Box<dyn Iterator<Item = String> + Send>,
    chance: Chance,
    per_second: u32,
    lost: u64,
}

/// What became of one customer.
struct Served {
    contact: ContactId,
    at: Instant,
    answered: Duration,
    joined: Duration,
}

impl Neighbour {
    pub async fn settle(place: &Place, agents: &[AgentId], size: &Size, seed: u64) -> Result<Self> {
        let (seen, eager) = agents.split_at(size.pages);
        let live = crowd::gather(place, seen, size.pages, 1, seed).await?;
        let (stage, mut pages) = (Arc::new(Stage::default()), Crowd::new());
        live.connect(&stage, 1, &mut pages).await;
        stage.pace.send_replace(PACE);
        let mut desks = JoinSet::new();
        for (n, cookie) in place.sessions(eager).await?.into_iter().enumerate() {
            let chance = Chance::new(seed, &format!("eager agent {n}"));
            desks.spawn(agent::work(live.world.clone(), cookie, Manner::eager((20, 60)), chance));
        }
        sleep(Duration::from_secs(1)).await;
        Ok(Self {
            world: live.world.clone(),
            live,
            stage,
            pages,
            desks,
            numbers: Box::new(numbers().skip(size.pages)),
            chance: Chance::new(seed, "neighbour"),
            per_second: size.per_second,
            lost: 0,
        })
    }

    /// Customers come at a steady rate for so long, whatever becomes of those before.
    pub async fn window(&mut self, period: Duration) -> Result<Window> {
        self.stage.take();
        let (began, every) = (Instant::now(), Duration::from_secs(1) / self.per_second);
        let mut customers = JoinSet::new();
        let mut due = began;
        while due < began + period {
            sleep_until(due).await;
            let address = self.world.somebody();
            let (number, key) = (self.numbers.next(), self.chance.key());
            customers.spawn(timeout(SERVED_WITHIN, customer(self.world.clone(), number, address, key)));
            due += every;
        }
        let mut window = Window { frames: self.stage.take(), ..Window::default() };
        let (mut answered, mut joined, mut offered) = (Vec::new(), Vec::new(), Vec::new());
        while let Some(ended) = customers.join_next().await {
            let trouble = match ended? {
                Ok(Ok(served)) => {
                    answered.push(served.answered);
                    joined.push(served.joined);
                    match self.world.offered_at(served.contact) {
                        Some(at) => offered.push(at.saturating_duration_since(served.at)),
                        None => drop(
                            window
                                .trouble
                                .entry("not offered".to_owned())
                                .and_modify(|n| *n += 1)
                                .or_insert(1),
                        ),
                    }
                    continue;
                }
                Ok(Err(trouble)) => trouble,
                Err(_) => "not served in time".to_owned(),
            };
            *window.trouble.entry(trouble).or_default() += 1;
        }
        let lost = self.stage.lost.load(Ordering::Relaxed);
        if lost > self.lost {
            window.trouble.insert("connections of pages lost".to_owned(), lost - self.lost);
            self.lost = lost;
        }
        (window.answered, window.joined, window.offered) =
            (Spread::of(answered), Spread::of(joined), Spread::of(offered));
        Ok(window)
    }

    pub async fn go_home(mut self) {
        self.world.over.send_replace(true);
        self.pages.shutdown().await;
        self.desks.shutdown().await;
        self.live.desks.shutdown().await;
    }
}

/// Asks, connects the page, and stays until the contact has ended.
async fn customer(
    world: Arc<World>,
    number: Option<String>,
    address: String,
    key: String,
) -> Result<Served, String> {
    let at = Instant::now();
    let mut http = Http::new(world.addr);
    let from = ("x-forwarded-for", address.as_str());
    let body = request(&Wish { number, cancels: None });
    let answer = post_from(&mut http, &key, &body, &address).await;
    let answer = answer.map_err(|_| "no answer to a request".to_owned())?;
    if answer.status != 201 {
        return Err(format!("a request was answered by {}", answer.status));
    }
    let answered = at.elapsed();
    let accepted: CallAccepted = serde_json::from_slice(&answer.body).map_err(|error| error.to_string())?;
    let connecting = Instant::now();
    let closed = |code: u16| format!("a page was closed with {code}");
    let socket = Socket::connect(world.addr, "/ws/widget", &[("origin", SHOP), from]).await;
    let mut socket = socket.map_err(|code| format!("a page could not connect: {code}"))?;
    let (version, token) = (ProtocolVersion::CURRENT, accepted.token);
    let hello = Hello { version, token, tab: TabId(1), voice: false };
    socket.send(WidgetToServer::from(hello).encode()).await.map_err(closed)?;
    let mut joined = None;
    loop {
        let bytes = socket.next().await.map_err(closed)?;
        let joined = *joined.get_or_insert_with(|| connecting.elapsed());
        if let Ok(ServerToWidget::Status(status)) = ServerToWidget::decode(&bytes)
            && status.status.phase == Phase::Ended
        {
            return Ok(Served { contact: accepted.contact, at, answered, joined });
        }
    }
}
