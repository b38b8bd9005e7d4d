//! Nothing of a hostile page runs at the agent's, and nothing is fetched for it from where the business did not list.
//!
//! Each payload of `fixtures/hostile` comes twice: in a page, through the recorder; and as a forged frame that a publisher
//! sends past it, with nothing left out. Programs change what agents see already; more frames hold what no page could.
//! The detectors are the browser's own (a function that payloads call, its requests, windows and downloads) and a server
//! that counts who connects. In the same browser, with the same
//! detectors, the same payloads then run in a plain page, so that it is known that they see.
#[path = "hostile_pages/forge.rs"]
mod forge;
#[path = "hostile_pages/frames.rs"]
mod frames;
#[path = "hostile_pages/payloads.rs"]
mod payloads;
#[path = "hostile_pages/site.rs"]
mod site;
#[path = "hostile_pages/trap.rs"]
mod trap;
#[path = "hostile_pages/watch.rs"]
mod watch;

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail, ensure};
use e2e::{Person, Stage, StageOptions, Troupe, agent, handset, person::PATIENCE, shopper, socket, tap::Tap};
use page_mirror::replay::{Replica, urls::Origins};
use shared::{
    DocumentId, ProtocolVersion, TabId,
    wire::mirror::{Frame, FrameKind, InFront, PublisherHello, PublisherToServer},
};

use forge::{Forger, Tree, element};
use payloads::{Payload, Spelling};
use site::Site;
use trap::Trap;
use watch::Watch;

/// Payloads of one page.
const TOGETHER: usize = 60;
/// Nobody answers the telephone: the page is shown all the while.
const RINGS: (&str, &str) = ("ring_customer", "3600s");
/// Hosts of the trap, all of this machine: for the trial, and for the control after it.
const TRIAL: &str = "trial.localhost";
const CONTROL: &str = "control.localhost";
const REPLICA: &str = "document.querySelector('.page-view iframe')?.contentDocument";
/// An element of the replica, whatever its document pretends to be.
const FIND: &str = "(selector) => { const at = document.querySelector('.page-view iframe')?.contentDocument; return at && Document.prototype.querySelector.call(at, selector); }";
/// Has every style computed and painted.
const PAINT: &str = "async () => { const at = document.querySelector('.page-view iframe').contentDocument; \
    const all = Document.prototype.querySelectorAll.call(at, '*'); \
    for (const one of all) for (const part of [null, '::before', '::after', '::marker']) getComputedStyle(one, part).backgroundImage; \
    await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))); return all.length; }";
/// What the policy of the replica's document stopped.
const LISTEN: &str = "() => { globalThis.stopped = []; const at = document.querySelector('.page-view iframe').contentDocument; \
    at.addEventListener('securitypolicyviolation', event => stopped.push(event.blockedURI)); return true; }";
/// The control shows at least so many payloads at work, of the 268 of the files.
const SEEN_TO_RUN: usize = 30;
const SEEN_TO_FETCH: usize = 100;

struct Theatre {
    stage: Stage,
    site: Site,
    trap: Trap,
    shopper: Person,
    agent: Person,
    watch: Watch,
    tap: Tap,
    _decoy: Trap,
    _holder: Person,
    _troupe: Troupe,
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_hostile_page_or_frame_runs_or_fetches_at_the_agents() -> Result<()> {
    let theatre = Theatre::open().await?;
    let (shop, trial) = (theatre.site.origin.clone(), format!("{TRIAL}:{}", theatre.trap.port));
    let spelling = Spelling { shop: &shop, trap: &trial };
    let all = payloads::all(spelling);
    theatre.by_pages(&all, spelling).await?;
    let forged = theatre.by_frames(&all, spelling).await?;
    theatre.nothing_happened(&all).await?;
    let tried = all.len() + payloads::programs().len() + forged;
    let (ran, fetched) = theatre.the_detectors_see().await?;
    eprintln!(
        "{tried} payloads, {} of them by a page and by a forged frame: 0 ran, 0 fetched; in a plain page {ran} ran and {fetched} fetched",
        all.len()
    );
    Ok(())
}

impl Theatre {
    async fn open() -> Result<Self> {
        let (trap, decoy) = (Trap::open().await?, Trap::open().await?);
        let plot = site::Plot::take().await?;
        let options = StageOptions {
            settings: vec![RINGS],
            origins: vec![plot.origin.clone()],
            ..StageOptions::default()
        };
        let stage = Stage::start(options).await?;
        let site = plot.build(&stage.ready.url);
        let troupe = Troupe::assemble().await?;
        // The customer's own browser may do what it likes, elsewhere.
        let elsewhere = format!("--host-resolver-rules=MAP *{TRIAL} 127.0.0.1:{}", decoy.port);
        let shopper = troupe.reader_with("shopper", &[elsewhere]).await?;
        let agent = troupe.reader_with("agent", &["--user-agent=Agent".into()]).await?;
        let holder = shopper.as_another("handset").await?;
        handset::switches_on(&holder, &stage.ready).await?;
        let watch = Watch::over(&agent).await?;
        let tap = Tap::on(&shopper).await?;
        agent::starts_shift(&agent, &stage.ready).await?;
        shopper.goes_to(&format!("{}/", site.origin)).await?;
        shopper::asks_for_a_call(&shopper, &stage.ready.handset_number, "").await?;
        agent::sees_page(&agent, "Start").await?;
        agent.asks::<bool>(LISTEN).await?;
        Ok(Self {
            stage,
            site,
            trap,
            shopper,
            agent,
            watch,
            tap,
            _decoy: decoy,
            _holder: holder,
            _troupe: troupe,
        })
    }

    /// Through the recorder: as the page is read, and as it changes.
    async fn by_pages(&self, all: &[Payload], spelling: Spelling<'_>) -> Result<()> {
        let programs = payloads::programs();
        ensure!(programs.len() >= 20, "the programs were read: {programs:?}");
        let parts: Vec<&[Payload]> = all.chunks(TOGETHER).chain([&[][..]]).collect();
        for (number, part) in parts.iter().enumerate() {
            let programs = if number + 1 == parts.len() { programs.as_slice() } else { &[] };
            let programs = programs.iter().enumerate().map(|(at, name)| {
                let id = format!("programs-{at}");
                serde_json::json!({"id": id, "name": name, "run": spelling.run(&id), "trap": spelling.trap(&id)})
            });
            let markup = part.iter().map(|one| serde_json::json!({"id": one.id, "markup": one.markup}));
            // Names that answer for the document would keep the widget itself from starting.
            let late = part.iter().any(|one| one.id.starts_with("shapes"));
            let part = serde_json::json!({
                "late": late, "number": number.to_string(), "shop": spelling.shop,
                "payloads": markup.collect::<Vec<_>>(), "programs": programs.collect::<Vec<_>>(),
            });
            self.site.show(&part.to_string());
            self.shopper.goes_to(&format!("{}/part?{number}", self.site.origin)).await?;
            if late {
                let arrived = format!("() => ({FIND})('h1') && {REPLICA}.URL && !({FIND})('#planted')");
                self.agent.finds(&format!("part {number} is shown bare"), &arrived).await?;
                self.shopper.asks::<bool>("() => { plant(part); return true; }").await?;
            }
            let shown = format!("() => ({FIND})('#planted')?.title === '{number}'");
            let found = self.agent.finds(&format!("part {number} is shown"), &shown).await;
            if let Err(error) = found {
                bail!("{error:#}\n{}", self.said());
            }
            while self.shopper.asks::<bool>("() => goOn()").await? {}
            let over = format!(
                "() => {{ const end = ({FIND})('#planted'); return end && getComputedStyle(end).getPropertyValue('--over') === '1'; }}"
            );
            self.agent.finds(&format!("all that changed in part {number} is shown"), &over).await?;
            self.agent_looks_around().await?;
        }
        Ok(())
    }

    /// Past the recorder: what the same markup is made of, and more, as a publisher sends it who keeps to no rule.
    async fn by_frames(&self, all: &[Payload], spelling: Spelling<'_>) -> Result<usize> {
        let token = shopper::token(&self.shopper).await?.context("the browser holds a token")?;
        let mut trees: Vec<Tree> = Vec::new();
        for payload in all {
            let markup = serde_json::to_string(&payload.markup)?;
            let text: String = self.shopper.asks(&format!("() => JSON.stringify(treeOf({markup}))")).await?;
            trees.push(serde_json::from_str(&text).with_context(|| payload.id.clone())?);
        }
        let forged = frames::elements(spelling);
        let count = forged.len() + frames::AFTERWARDS.len() + 3;
        trees.extend(forged.into_iter().map(|(_, tree)| tree));
        self.shopper.goes_to("about:blank").await?;
        let mut socket = socket::open(&self.stage, "/ws/mirror").await?;
        let hello = PublisherHello {
            version: ProtocolVersion::CURRENT,
            token,
            tab: TabId(99),
            document: DocumentId(99),
        };
        socket.send(PublisherToServer::from(hello).encode()).await?;
        ensure!(socket.next().await?.is_some(), "the server takes the publisher");
        socket.send(PublisherToServer::from(InFront { yes: true }).encode()).await?;
        for (epoch, part) in (1..).zip(trees.chunks(TOGETHER)) {
            let mut forger = Forger::default();
            let frame = |kind, seq, body: &[u8]| {
                PublisherToServer::from(Frame { kind, epoch, seq, bytes: forge::frame(body) }).encode()
            };
            let end = element("p", 0, &[("id", "forged"), ("title", &epoch.to_string())], Vec::new());
            let body = element("body", 0, &[], part.iter().cloned().chain([end]).collect());
            let page = element("html", 0, &[], vec![body]);
            socket.send(frame(FrameKind::Keyframe, 0, &forger.keyframe(&[page]))).await?;
            let shown = format!("() => ({FIND})('#forged')?.title === '{epoch}'");
            self.agent.finds(&format!("forged page {epoch} is shown"), &shown).await?;
            self.agent_looks_around().await?;
            let mut seq = 0;
            let over = forger.elements.last().map_or(0, |(id, _)| *id);
            let last = |forger: &mut Forger| forger.attributes(&[(over, "title", "over")]);
            let mut patches = frames::patches(&mut forger, spelling);
            patches.push(last(&mut forger));
            for patch in patches {
                seq += 1;
                socket.send(frame(FrameKind::Patch, seq, &patch)).await?;
            }
            let over = format!("() => ({FIND})('#forged')?.title === 'over'");
            self.agent.finds(&format!("what changed in forged page {epoch} is shown"), &over).await?;
            self.agent_looks_around().await?;
        }
        Ok(count)
    }

    /// The agent's browser paints everything; the agent moves over it and clicks at it.
    async fn agent_looks_around(&self) -> Result<()> {
        self.agent.asks::<f64>(PAINT).await?;
        let (x, y, width, height): (f64, f64, f64, f64) = self
            .agent
            .asks("() => { const at = document.querySelector('.page-view iframe').getBoundingClientRect(); return [at.x, at.y, at.width, at.height]; }")
            .await?;
        let mouse = self.agent.page.mouse();
        for (across, down) in [(0.1, 0.02), (0.1, 0.3), (0.5, 0.5), (0.3, 0.7), (0.9, 0.9)] {
            let (x, y) = (x + width * across, y + height * down);
            mouse.move_to(x, y, None).await?;
            mouse.click(x, y, None).await?;
        }
        Ok(())
    }

    /// What the browsers complain of, for whoever looks at a failure.
    fn said(&self) -> String {
        let mut said = String::new();
        let mut replica = Replica::new(Origins::default());
        for left in self.tap.all().iter().filter(|left| left.door == "frame") {
            match PublisherToServer::decode(&left.bytes) {
                Ok(PublisherToServer::PublisherHello(_)) => replica = Replica::new(Origins::default()),
                Ok(PublisherToServer::Frame(frame)) if frame.kind != FrameKind::Pointer => {
                    let keyframe = frame.kind == FrameKind::Keyframe;
                    let applied = replica.apply(keyframe, frame.epoch, frame.seq, &frame.bytes);
                    said += &format!("{keyframe} {} {} {applied:?}\n", frame.epoch, frame.seq);
                    let _ = (replica.take_ops(), replica.take_late());
                }
                _ => {}
            }
        }
        for person in [&self.shopper, &self.agent] {
            let console = person.page.console_messages();
            let last: Vec<_> =
                console.iter().rev().take(12).map(|message| message.text().to_owned()).collect();
            said += &format!(
                "{} at {}: {:?}\n{last:?}\n",
                person.name,
                person.page.url(),
                person.page.page_errors()
            );
        }
        said
    }

    async fn nothing_happened(&self, all: &[Payload]) -> Result<()> {
        let seen = self.watch.seen();
        ensure!(seen.executed.is_empty(), "these ran: {:?}", named(all, &seen.executed));
        ensure!(seen.opened.is_empty(), "these opened something: {:?}", seen.opened);
        // What came as far as the policy came past the allow-lists. What the shop itself leads to nobody else can see.
        let stopped: Vec<String> = self.agent.asks("() => globalThis.stopped").await?;
        let is_known = |id: &str| all.iter().any(|one| one.id == id && payloads::is_for_the_policy(one));
        // A request that the policy stops is told of before it is stopped; nothing of it is at the server.
        let is_stopped = |url: &String| {
            let stopped = |id: &str| stopped.iter().any(|address| ids_in(address).contains(&id));
            ids_in(url).iter().any(|id| is_known(id) && stopped(id))
        };
        let fetched: Vec<String> = seen.fetched(TRIAL).into_iter().filter(|url| !is_stopped(url)).collect();
        ensure!(fetched.is_empty(), "these were fetched: {fetched:?}");
        let asked = self.trap.heard();
        ensure!(asked.is_empty(), "somebody asked: {asked:?}");
        for address in stopped.iter().filter(|address| !address.starts_with("about")) {
            let known = ids_in(address).iter().any(|id| is_known(id));
            ensure!(known, "the policy alone stopped {address}");
        }
        ensure!(!stopped.is_empty(), "nobody hears of what the policy stops");
        ensure!(self.site.asked_by_agent() > 0, "the agent's browser fetches what is listed");
        let alive = format!("() => {REPLICA} !== undefined");
        self.agent.finds("the console goes on", &alive).await
    }

    /// The same payloads in a plain page of the same browser: how many ran, and how many fetched.
    async fn the_detectors_see(&self) -> Result<(usize, usize)> {
        let control = format!("{CONTROL}:{}", self.trap.port);
        let all = payloads::all(Spelling { shop: &self.site.origin, trap: &control });
        let markup: Vec<&str> = all.iter().map(|one| one.markup.as_str()).collect();
        self.site.show(&serde_json::to_string(&markup)?);
        let (mut heard, mut seen) = (self.trap.listen(), self.watch.listen());
        self.agent.goes_to(&format!("{}/control", self.site.origin)).await?;
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let ran = self.watch.seen().executed;
            let fetched: BTreeSet<String> =
                self.trap.heard().iter().flat_map(|head| ids_in(head)).map(str::to_owned).collect();
            if ran.len() >= SEEN_TO_RUN && fetched.len() >= SEEN_TO_FETCH {
                ensure!(!self.watch.seen().fetched(CONTROL).is_empty(), "the browser tells of its requests");
                return Ok((ran.len(), fetched.len()));
            }
            let more = async {
                tokio::select! { more = heard.changed() => more, more = seen.changed() => more }
            };
            let more = tokio::time::timeout_at(deadline, more).await;
            more.with_context(|| {
                let silent: Vec<_> = all
                    .iter()
                    .filter(|one| !ran.contains(&one.id) && !fetched.contains(&one.id))
                    .map(|one| &one.id)
                    .collect();
                format!(
                    "the detectors are blind: {} ran, {} fetched; nothing of {silent:?}",
                    ran.len(),
                    fetched.len()
                )
            })??;
        }
    }
}

/// Names of payloads in an address or a head, such as `svg-12`.
fn ids_in(text: &str) -> Vec<&str> {
    let parts = text.split(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'));
    let is_id = |part: &&str| {
        part.split_once('-').is_some_and(|(family, number)| family.len() > 2 && number.parse::<u32>().is_ok())
    };
    parts.filter(is_id).collect()
}

fn named<'a>(all: &'a [Payload], ids: &'a BTreeSet<String>) -> Vec<(&'a str, &'a str)> {
    let name = |id: &str| all.iter().find(|one| one.id == id).map_or("", |one| one.name);
    ids.iter().map(|id| (id.as_str(), name(id))).collect()
}
