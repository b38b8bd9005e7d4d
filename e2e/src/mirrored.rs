//! A page and its replica, side by side: fixtures are served with the widget, one contact lives, and after each step
//! of a fixture both documents must read the same and look the same.
mod close;
mod site;

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use axum::Router;
use close::picture;
use playwright_rs::protocol::{ScreenshotClip, ScreenshotOptions, Viewport};
use tokio::{net::TcpListener, task::JoinHandle};

use crate::{
    Person, Stage, StageOptions, Troupe, agent, handset,
    main_job::{AGENT, SHOPPER},
    person::{Help, PATIENCE},
    shopper,
};

const CANON: &str = include_str!("mirrored/canon.js");
const JUDGE: &str = include_str!("mirrored/judge.js");
/// The customer's window; the agent's has room for it, so that nothing is scaled.
const WIDTH: u32 = 640;
const HEIGHT: u32 = 480;
/// The frame of the replica, and its document.
const FRAME: &str = "document.querySelector(':is(.page-view, .player) iframe')";
/// Elements that look different on purpose.
const UNLIKE: &str = "() => Array.from(globalThis.unlike?.() ?? [], (e) => { const { x, y, width, height } = e.getBoundingClientRect(); return [x, y, width, height]; })";
/// Only what is the customer's page is compared: not the overlay above it, and no widget.
const BARE_AGENT: &str = "() => { const sheet = new CSSStyleSheet(); sheet.replaceSync('[data-replica-overlay] { display: none } .page-view iframe { transform: none !important; position: fixed !important; inset: 0 auto auto 0 !important; z-index: 99999 }'); document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet]; return true; }";
const BARE_SHOPPER: &str = "() => { const style = document.createElement('style'); style.textContent = ':host(ringside-widget) { display: none !important }'; document.querySelector('ringside-widget').shadowRoot.append(style); return true; }";

/// A server, a site of fixtures, a customer in a call, and the agent who sees the page.
pub struct Mirrored {
    pub shopper: Person,
    pub agent: Person,
    judge: Person,
    origin: String,
    site: JoinHandle<()>,
    _holder: Person,
    /// Of the customer's window; and how many pixels a screenshot has for each of CSS, along a side.
    width: AtomicU32,
    height: AtomicU32,
    pub stage: Stage,
    _troupe: Troupe,
}

/// What one fixture showed.
#[derive(Debug)]
pub struct Outcome {
    pub name: String,
    /// Steps, with the page as it was loaded.
    pub steps: usize,
    /// Lines of the longest comparison: about one for each node.
    pub lines: usize,
    /// Most pixels that differed after a step, of all there are.
    pub differing: u32,
    pub pixels: u32,
}

impl Drop for Mirrored {
    fn drop(&mut self) {
        self.site.abort();
    }
}

impl Mirrored {
    /// `folder` holds the fixtures.
    pub async fn assemble(folder: &Path) -> Result<Self> {
        Self::assemble_with(folder, StageOptions::default()).await
    }

    /// The same on a stage of one's own.
    pub async fn assemble_with(folder: &Path, options: StageOptions) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let origin = format!("http://{}", listener.local_addr()?);
        let options = StageOptions { origins: vec![origin.clone()], ..options };
        let stage = Stage::start(options).await?;
        let files = Arc::new(site::Files { folder: folder.to_owned(), server: stage.ready.url.clone() });
        let router = Router::new().fallback(site::file).with_state(files);
        let site = tokio::spawn(async move {
            // It ends with the story; a site that fails shows in the browser at once.
            let _ = axum::serve(listener, router).await;
        });
        let troupe = Troupe::assemble().await?;
        let agent = troupe.speaker("agent", AGENT, stage.data(), Help::Flags, &[]).await?;
        let holder = troupe.speaker("handset", SHOPPER, stage.data(), Help::Flags, &[]).await?;
        let shopper = holder.as_another("shopper").await?;
        let judge = holder.as_another("judge").await?;
        agent.page.set_viewport_size(Viewport { width: 1_600, height: 1_000 }).await?;
        agent::starts_shift(&agent, &stage.ready).await?;
        handset::switches_on(&holder, &stage.ready).await?;
        shopper.goes_to(&format!("{origin}/start.html")).await?;
        shopper::asks_for_a_call(&shopper, &stage.ready.handset_number, "Looks at fixtures").await?;
        handset::answers(&holder).await?;
        handset::presses(&holder, '1').await?;
        agent::accepts(&agent).await?;
        agent::talks(&agent).await?;
        agent::sees_page(&agent, "Fixtures").await.with_context(|| said(&[&shopper, &agent]))?;
        agent.asks::<bool>(BARE_AGENT).await?;
        shopper.page.set_viewport_size(Viewport { width: WIDTH, height: HEIGHT }).await?;
        Ok(Self {
            shopper,
            agent,
            judge,
            origin,
            site,
            _holder: holder,
            width: WIDTH.into(),
            height: HEIGHT.into(),
            stage,
            _troupe: troupe,
        })
    }

    /// The customer goes to a page of the folder.
    pub async fn goes_to(&self, fixture: &str) -> Result<()> {
        self.shopper.goes_to(&format!("{}/{fixture}", self.origin)).await
    }

    /// Plays all steps of a fixture; both sides must agree after each.
    pub async fn play(&self, fixture: &str) -> Result<Outcome> {
        self.shopper.page.mouse().move_to(0.0, 0.0, None).await?;
        self.goes_to(fixture).await?;
        self.shopper
            .finds(
                "the page and the widget are there",
                "() => document.readyState === 'complete' && document.querySelector('ringside-widget')",
            )
            .await?;
        self.shopper.asks::<bool>(BARE_SHOPPER).await?;
        let name = fixture.replace(".html", "").replace('?', ", ");
        let (width, height) = self.size();
        let mut outcome = Outcome { name, steps: 0, lines: 0, differing: 0, pixels: width * height };
        self.agrees(&mut outcome, "as loaded").await?;
        let steps: u32 = self.shopper.asks("() => (globalThis.steps ?? []).length").await?;
        for at in 0..steps {
            let step = self.step(at).await.with_context(|| format!("step {at}"))?;
            self.agrees(&mut outcome, &step).await?;
        }
        let errors = self.shopper.page.page_errors();
        ensure!(errors.is_empty(), "the fixture threw: {errors:?}");
        Ok(outcome)
    }

    fn size(&self) -> (u32, u32) {
        (self.width.load(Ordering::Relaxed), self.height.load(Ordering::Relaxed))
    }

    /// A step is `[name, function]`, or `[name, {hover | move | down | up | press | type | click | wheel | zoom: what}]`
    /// for what only a person can do. `what` may be a function that says so.
    async fn step(&self, at: u32) -> Result<String> {
        let script = format!(
            "async () => {{ const [name, what] = steps[{at}]; if (typeof what === 'function') {{ await what(); return [name, '', '']; }} const [[key, value]] = Object.entries(what); return [name, key, String(typeof value === 'function' ? value() : value)]; }}"
        );
        let (name, what, with): (String, String, String) = self.shopper.asks(&script).await?;
        let (mouse, keyboard) = (self.shopper.page.mouse(), self.shopper.page.keyboard());
        match what.as_str() {
            "" => {}
            "hover" => {
                let (x, y) = self.shopper.where_is(&with).await?;
                mouse.move_to(x, y, None).await?;
            }
            "move" => {
                let (x, y) = with.split_once(' ').context("a place has two numbers")?;
                mouse.move_to(x.parse()?, y.parse()?, None).await?;
            }
            "zoom" => self.pinches(&with).await?,
            "down" => mouse.down(None).await?,
            "up" => mouse.up(None).await?,
            "wheel" => mouse.wheel(0.0, with.parse()?).await?,
            "click" => self.shopper.clicks(&with).await?,
            "press" => keyboard.press(&with, None).await?,
            "type" => keyboard.type_text(&with, None).await?,
            other => bail!("no step is called `{other}`"),
        }
        Ok(name)
    }

    /// Waits until both documents read the same, and then until they look the same.
    async fn agrees(&self, outcome: &mut Outcome, step: &str) -> Result<()> {
        outcome.steps += 1;
        let Ok(lines) = tokio::time::timeout(PATIENCE, self.read_the_same()).await else {
            let (wanted, shown) = self.documents().await?;
            let said = said(&[&self.shopper, &self.agent]);
            bail!("{}, {step}: the documents differ\n{}{said}", outcome.name, difference(&wanted, &shown));
        };
        outcome.lines = outcome.lines.max(lines?);
        self.agrees_close_up().await.with_context(|| format!("{}, {step}", outcome.name))?;
        self.keeps_a_picture(outcome).await?;
        // A page says so where it shows a limit that the docs name, and where both cannot look the same.
        let allowed: Option<u32> = self.shopper.asks("() => globalThis.mayDiffer ?? null").await?;
        if allowed == Some(ALL) {
            return Ok(());
        }
        let differing = match tokio::time::timeout(PAINTED, self.look_the_same()).await {
            Ok(seen) => seen.map(|()| 0)?,
            Err(_) => self.pixels().await?,
        };
        if differing > allowed.unwrap_or(LARGEST_DIFFERENCE) {
            let folder = std::env::temp_dir().join(format!("ringside-fidelity-{}", std::process::id()));
            std::fs::create_dir_all(&folder)?;
            std::fs::write(folder.join("page.png"), self.picture_of_page().await?)?;
            std::fs::write(folder.join("replica.png"), self.picture_of_replica().await?)?;
            bail!("{}, {step}: {differing} pixels differ; see {}", outcome.name, folder.display());
        }
        outcome.differing = outcome.differing.max(differing);
        Ok(())
    }

    /// The page and its replica, as lines.
    async fn documents(&self) -> Result<(String, String)> {
        let shown = replica_lines(&self.agent).await?;
        Ok((page_lines(&self.shopper).await?, shown))
    }

    /// What the agent is shown, as lines.
    pub async fn shown(&self) -> Result<String> {
        self.agent.asks(&format!("() => ({CANON})({FRAME}.contentDocument, true)")).await
    }

    /// Waits until the agent is shown exactly this.
    pub async fn shows(&self, wanted: &str, what: &str) -> Result<()> {
        let same = async {
            loop {
                if self.shown().await? == wanted {
                    return anyhow::Ok(());
                }
                self.agent.asks::<bool>(NEXT_FRAME).await?;
            }
        };
        if let Ok(same) = tokio::time::timeout(PATIENCE, same).await {
            return same;
        }
        let said = said(&[&self.agent]);
        bail!("{what}: the documents differ\n{}{said}", difference(wanted, &self.shown().await?))
    }

    /// How many lines both have, once they have the same.
    async fn read_the_same(&self) -> Result<usize> {
        loop {
            let (wanted, shown) = self.documents().await?;
            if shown == wanted {
                return Ok(wanted.lines().count());
            }
            self.agent.asks::<bool>(NEXT_FRAME).await?;
        }
    }

    async fn look_the_same(&self) -> Result<()> {
        while self.pixels().await? > 0 {
            self.agent.asks::<bool>(NEXT_FRAME).await?;
        }
        Ok(())
    }

    async fn picture_of_page(&self) -> Result<Vec<u8>> {
        if self.has_a_phone() {
            return picture(&self.shopper).await;
        }
        Ok(self.shopper.page.screenshot(None).await?)
    }

    async fn picture_of_replica(&self) -> Result<Vec<u8>> {
        if self.has_a_phone() {
            return picture(&self.agent).await;
        }
        let (x, y): (f64, f64) = self
            .agent
            .asks(&format!("() => {{ const at = {FRAME}.getBoundingClientRect(); return [at.x, at.y]; }}"))
            .await?;
        let (width, height) = self.size();
        let clip = ScreenshotClip { x, y, width: f64::from(width), height: f64::from(height) };
        let options = ScreenshotOptions::builder().clip(clip).build();
        Ok(self.agent.page.screenshot(Some(options)).await?)
    }

    /// Pixels whose colour differs visibly.
    async fn pixels(&self) -> Result<u32> {
        let (page, replica) = (self.picture_of_page().await?, self.picture_of_replica().await?);
        if page == replica {
            return Ok(0);
        }
        // What a page shows to be a limit that the docs name.
        let unlike: Vec<[f64; 4]> = self.shopper.asks(UNLIKE).await?;
        let given = ([base64(&page), base64(&replica)], unlike, self.size());
        Ok(self.judge.page.evaluate(JUDGE, Some(&given)).await?)
    }
}

/// The page that somebody looks at, as lines.
pub async fn page_lines(shopper: &Person) -> Result<String> {
    shopper.asks(&format!("() => ({CANON})(document, false)")).await
}

/// The replica that an agent looks at, as lines; none where none is shown.
pub async fn replica_lines(agent: &Person) -> Result<String> {
    agent
        .asks(&format!("() => {FRAME}?.contentDocument ? ({CANON})({FRAME}.contentDocument, true) : ''"))
        .await
}

/// How long images may take to come and be painted.
const PAINTED: Duration = Duration::from_secs(3);
/// No pixels are compared.
const ALL: u32 = 1_000_000_000;
/// Anti-aliasing of a few edges is not the page's.
const LARGEST_DIFFERENCE: u32 = 60;
/// Resolves with the next frame that the browser paints.
pub const NEXT_FRAME: &str = "() => new Promise(done => requestAnimationFrame(() => done(true)))";

/// What the consoles of their browsers hold.
pub fn said(people: &[&Person]) -> String {
    let lines = |person: &Person| {
        let messages = person.page.console_messages();
        let messages = messages.iter().map(|message| message.text().to_owned());
        person
            .page
            .page_errors()
            .into_iter()
            .chain(messages)
            .map(|line| format!("\n{}: {line}", person.name))
            .collect::<String>()
    };
    people.iter().map(|person| lines(person)).collect()
}

/// The first lines that differ, with some around them.
pub fn difference(wanted: &str, shown: &str) -> String {
    const SHOWN: usize = 6;
    let (wanted, shown): (Vec<&str>, Vec<&str>) = (wanted.lines().collect(), shown.lines().collect());
    let same = wanted.iter().zip(&shown).take_while(|(a, b)| a == b).count();
    let part = |lines: &[&str]| {
        lines.iter().skip(same.saturating_sub(2)).take(SHOWN).copied().collect::<Vec<_>>().join("\n")
    };
    format!(
        "from line {same} of {} and {}\npage:\n{}\nreplica:\n{}",
        wanted.len(),
        shown.len(),
        part(&wanted),
        part(&shown)
    )
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let word =
            three.iter().fold(0u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for place in 0..4 {
            match place <= three.len() {
                true => out.push(char::from(DIGITS[(word >> (18 - 6 * place) & 63) as usize])),
                false => out.push('='),
            }
        }
    }
    out
}
