//! Secrets planted in every kind of place of a page: none leaves the browser. With masking off, the same search finds
//! every one of them but those that stand where nothing is mirrored at all.
#[path = "secrets/moves.rs"]
mod moves;
#[path = "secrets/places.rs"]
mod places;

use std::fmt::Write as _;

use anyhow::{Context, Result, ensure};
use e2e::{
    Person, Stage, StageOptions, Troupe, agent,
    axe::Inspector,
    handset,
    merchant::{KEY, Merchant, Plot, Sheet},
    shopper,
    tap::Tap,
};
use places::{Kind, Secret, secrets};
use playwright_rs::protocol::{ColorScheme, EmulateMediaOptions, Viewport};

const PLANT: &str = include_str!("../fixtures/secrets/plant.js");
/// Nobody answers the telephone: the page is shown all the while.
const RINGS: (&str, &str) = ("ring_customer", "3600s");
/// What the business masks beside what is always masked.
const RULES: [(&str, &str); 4] = [
    ("mask_selectors", ".private, [data-own='mask']"),
    ("block_selectors", ".vault"),
    ("mask_texts", "K-@@@@@@@@, Wilhelmina Featherstone*"),
    ("hidden_pages", "/account*"),
];

const MASKED: bool = true;
/// The replica shows one box that says why.
const IS_A_BOX: &str = "() => { const at = document.querySelector('.page-view iframe')?.contentDocument.documentElement; \
    return at?.localName === 'ringside-box' && at.dataset.label === 'Hidden from agents'; }";
/// What we put into the page's storage, but for the trail: that is kept as the browser's own history is, and what leaves
/// of it is searched among the messages.
const OURS: &str = "() => JSON.stringify([Object.entries({...localStorage, ...sessionStorage}).filter(([key]) => /^ringside:(?!.*:trail$)/.test(key)), document.cookie, window.name])";

#[tokio::test(flavor = "multi_thread")]
async fn planted_secrets_are_in_nothing_that_leaves_the_browser() -> Result<()> {
    let scene = Scene::open(RULES.to_vec()).await?;
    let secrets = scene.play(MASKED).await?;
    let mut found = String::new();
    for secret in &secrets {
        let doors = scene.search(&secret.text).await?;
        if !doors.is_empty() {
            writeln!(found, "{:?} {}: {:?} left by {doors:?}", secret.kind, secret.place, secret.text)?;
        }
    }
    ensure!(found.is_empty(), "of {} secrets these were found:\n{found}", secrets.len());
    eprintln!(
        "{} secrets in {} frames and {} messages: 0 found",
        secrets.len(),
        scene.tap.mirrored().frames,
        scene.tap.all().len()
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn with_masking_off_the_same_search_finds_them() -> Result<()> {
    let mut rules = RULES.to_vec();
    rules.push(("mask_off", "true"));
    let scene = Scene::open(rules).await?;
    let secrets = scene.play(!MASKED).await?;
    let mut wrong = String::new();
    let mut count = 0;
    for secret in &secrets {
        let doors = scene.search(&secret.text).await?;
        let is_mirrored = secret.kind != Kind::Never;
        count += usize::from(!doors.is_empty());
        if doors.is_empty() == is_mirrored {
            writeln!(wrong, "{:?} {}: {:?} found at {doors:?}", secret.kind, secret.place, secret.text)?;
        }
    }
    ensure!(wrong.is_empty(), "of {} secrets:\n{wrong}", secrets.len());
    eprintln!("with masking off {count} of {} are found", secrets.len());
    Ok(())
}

/// "What is hidden?" stripes the masked parts, says so, breaks no rule of axe, and goes with one key.
#[tokio::test(flavor = "multi_thread")]
async fn the_customer_sees_what_is_hidden() -> Result<()> {
    let scene = Scene::open(RULES.to_vec()).await?;
    let (shopper, mut axe) = (&scene.shopper, Inspector::new()?);
    shopper.sees_through().await?;
    shopper.goes_to(&format!("{}/page", scene.merchant.origin)).await?;
    agent::sees_page(&scene.agent, "Secrets").await?;
    shopper.asks::<bool>("() => { showcase(); return true; }").await?;
    shopper.clicks("ringside-widget .pill").await?;
    shopper.clicks("ringside-widget #card button:has-text('What is hidden?')").await?;
    shopper.sees("ringside-hand .veils:has-text('Agents don’t see what is striped.')").await?;
    // A password, a card's number, a region of the page's, one of the business's, and a box; not the open field.
    let seen =
        "() => document.querySelector('ringside-hand').shadowRoot.querySelectorAll('.veil').length === 5";
    shopper.finds("five parts are striped", seen).await?;
    axe.look_into(shopper, "ringside-hand", "what is hidden").await?;
    if let Ok(folder) = std::env::var("RINGSIDE_TEST_PICTURES") {
        let folder = std::path::Path::new(&folder);
        shopper.pictures(&folder.join("hidden-light.png")).await?;
        let dark = EmulateMediaOptions::builder().color_scheme(ColorScheme::Dark).build();
        shopper.page.emulate_media(dark).await?;
        shopper.page.set_viewport_size(Viewport { width: 390, height: 700 }).await?;
        shopper.pictures(&folder.join("hidden-dark-narrow.png")).await?;
    }
    shopper.presses("Escape").await?;
    let gone = "() => !document.querySelector('ringside-hand').shadowRoot.querySelector('.veil, .veils')";
    shopper.finds("it went with one key", gone).await?;
    axe.verdict()
}

struct Scene {
    shopper: Person,
    agent: Person,
    tap: Tap,
    merchant: Merchant,
    stage: Stage,
    _holder: Person,
    _troupe: Troupe,
}

impl Scene {
    async fn open(business: Vec<(&'static str, &'static str)>) -> Result<Self> {
        let plot = Plot::take().await?;
        let options = StageOptions {
            settings: vec![RINGS],
            business,
            origins: vec![plot.origin.clone()],
            ..StageOptions::default()
        };
        let stage = Stage::start(options).await?;
        let server = &stage.ready.url;
        let page = |title: &str, script: &str| Sheet {
            policy: None,
            html: format!(
                "<!doctype html><meta charset=utf-8><title>{title}</title><h1>{title}</h1><div id=host></div>\
                 <script async src=\"{server}/widget.js\" {KEY}></script><script>{script}</script>"
            ),
        };
        let merchant = plot.build([
            ("/", page("Start", "")),
            ("/page", page("Secrets", PLANT)),
            ("/account", page("Account", PLANT)),
            ("/frame", Sheet { policy: None, html: "<!doctype html><title>Frame</title><p>a frame".into() }),
        ]);
        let troupe = Troupe::assemble().await?;
        let shopper = troupe.reader("shopper").await?;
        let holder = shopper.as_another("handset").await?;
        let agent = shopper.as_another("agent").await?;
        handset::switches_on(&holder, &stage.ready).await?;
        agent::starts_shift(&agent, &stage.ready).await?;
        let tap = Tap::on(&shopper).await?;
        shopper.goes_to(&format!("{}/", merchant.origin)).await?;
        shopper::asks_for_a_call(&shopper, &stage.ready.handset_number, "").await?;
        agent::sees_page(&agent, "Start").await?;
        Ok(Self { shopper, agent, tap, merchant, stage, _holder: holder, _troupe: troupe })
    }

    /// Plants all, in a page that is read with them and again as they come one by one; then the pages that are hidden.
    async fn play(&self, masked: bool) -> Result<Vec<Secret>> {
        let secrets = secrets();
        let map: serde_json::Map<String, serde_json::Value> =
            secrets.iter().map(|secret| (secret.place.to_owned(), secret.text.clone().into())).collect();
        let map = serde_json::Value::from(map).to_string();
        self.shopper.goes_to(&format!("{}/page", self.merchant.origin)).await?;
        agent::sees_page(&self.agent, "Secrets").await?;
        self.shopper.asks::<bool>(&format!("async () => {{ await plant({map}); return true; }}")).await?;
        let typed = secrets.iter().find(|secret| secret.place == "typedPassword").context("it is planted")?;
        self.shopper.clicks("#typedPassword").await?;
        self.shopper.page.keyboard().type_text(&typed.text, None).await?;
        self.shopper.asks::<bool>("async () => { await afterwards(); return true; }").await?;
        self.is_shown("planted").await?;
        // All of it again, read as a whole.
        self.shopper.asks::<bool>("() => { readAgain(); return true; }").await?;
        self.is_shown("again").await?;
        for script in ["visitAccount()", "comeBack()"] {
            self.shopper.asks::<bool>(&format!("async () => {{ await {script}; return true; }}")).await?;
        }
        self.is_shown("back").await?;
        self.shopper.goes_to(&format!("{}/account", self.merchant.origin)).await?;
        self.shopper.asks::<bool>(&format!("async () => {{ await plant({map}); return true; }}")).await?;
        match masked {
            true => {
                let shown = self.agent.finds("a box is shown", IS_A_BOX).await;
                let replica = agent::replica_text(&self.agent).await?;
                shown.with_context(|| {
                    format!("the agent sees {replica} {:?}", self.shopper.page.page_errors())
                })?;
            }
            false => self.is_shown("account").await?,
        }
        self.shopper.goes_to(&format!("{}/", self.merchant.origin)).await?;
        agent::sees_page(&self.agent, "Start").await?;
        Ok(secrets)
    }

    /// The last thing that the page did is at the agent's: all before it was sent.
    async fn is_shown(&self, word: &str) -> Result<()> {
        let at = "document.querySelector('.page-view iframe')?.contentDocument";
        let script = format!("() => {at}?.querySelector('#end')?.textContent === 'end: {word}'");
        self.agent.finds(&format!("`{word}` is shown"), &script).await?;
        self.tap.finds(&format!("end: {word}")).await.map(drop)
    }

    /// Every door by which it left, but to the shop itself; storage; what the server keeps and logs.
    async fn search(&self, secret: &str) -> Result<Vec<&'static str>> {
        let mut doors = self.tap.search_but(secret, &self.merchant.origin);
        if self.shopper.asks::<String>(OURS).await?.contains(secret) {
            doors.push("storage");
        }
        for file in ["server.log", "ringside.db", "ringside.db-wal"] {
            let kept = std::fs::read(self.stage.data().join(file)).unwrap_or_default();
            if e2e::tap::contains(&kept, secret.as_bytes()) {
                doors.push("the server's files");
            }
        }
        Ok(doors)
    }
}
