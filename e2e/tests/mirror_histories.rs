//! Random trees through random histories, in a real browser: after each flush the replica's tree equals the page's.
//!
//! Every third page is large and changes in every task while it is read, so that the keyframe is cut into slices between
//! changes. A failure names its seed. `MIRROR_SEED=N` plays one, `MIRROR_HISTORIES=N` that many.
use anyhow::{Context, Result, bail};
use e2e::{
    Person, Stage, StageOptions, Troupe, agent, handset,
    merchant::{KEY, Merchant, Plot, Sheet},
    shopper,
};

const CANON: &str = include_str!("histories/canon.js");
const HISTORY: &str = include_str!("histories/history.js");
const REPLICA: &str = "document.querySelector('.page-view iframe')?.contentDocument?.getElementById('host')";
/// Nobody answers the telephone: the page is shown all the while.
const RINGS: (&str, &str) = ("ring_customer", "3600s");
const HISTORIES: u32 = 6;
const STEPS: u32 = 12;
const FEW_NODES: u32 = 120;
/// Takes more than one slice to read.
const MANY_NODES: u32 = 16_000;
/// Seeds that once failed, and why.
const FOUND: [(u32, &str); 0] = [];

#[tokio::test(flavor = "multi_thread")]
async fn the_replica_equals_the_page_after_every_flush_of_random_histories() -> Result<()> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let theatre = Theatre::open().await?;
    if let Some(seed) = number("MIRROR_SEED") {
        return theatre.play(seed).await;
    }
    for (seed, why) in FOUND {
        theatre.play(seed).await.with_context(|| format!("found before: {why}"))?;
    }
    for seed in 1..=number("MIRROR_HISTORIES").unwrap_or(HISTORIES) {
        theatre.play(seed).await?;
    }
    Ok(())
}

struct Theatre {
    shopper: Person,
    agent: Person,
    merchant: Merchant,
    _holder: Person,
    _stage: Stage,
    _troupe: Troupe,
}

impl Theatre {
    /// A live contact on a page of the merchant's, seen at the console.
    async fn open() -> Result<Self> {
        let plot = Plot::take().await?;
        let options = StageOptions {
            settings: vec![RINGS],
            origins: vec![plot.origin.clone()],
            ..StageOptions::default()
        };
        let stage = Stage::start(options).await?;
        let server = &stage.ready.url;
        let html = format!(
            "<!doctype html><meta charset=utf-8><title>History</title><script>{CANON}{HISTORY}</script>\
             <h1>History</h1><div id=host></div><script async src=\"{server}/widget.js\" {KEY}></script>"
        );
        let merchant = plot.build([("/", Sheet { policy: None, html })]);
        let troupe = Troupe::assemble().await?;
        let shopper = troupe.reader("shopper").await?;
        let holder = shopper.as_another("handset").await?;
        let agent = shopper.as_another("agent").await?;
        handset::switches_on(&holder, &stage.ready).await?;
        agent::starts_shift(&agent, &stage.ready).await?;
        agent.asks::<bool>(&format!("() => {{ {CANON} return true; }}")).await?;
        shopper.goes_to(&format!("{}/?seed=0&nodes=10", merchant.origin)).await?;
        shopper::asks_for_a_call(&shopper, &stage.ready.handset_number, "").await?;
        agent::sees_page(&agent, "History").await?;
        Ok(Self { shopper, agent, merchant, _holder: holder, _stage: stage, _troupe: troupe })
    }

    async fn play(&self, seed: u32) -> Result<()> {
        let frets = seed.is_multiple_of(3);
        let (nodes, fretting) = if frets { (MANY_NODES, "&frets=1") } else { (FEW_NODES, "") };
        let address = format!("{}/?seed={seed}&nodes={nodes}{fretting}", self.merchant.origin);
        self.shopper.goes_to(&address).await?;
        let shown = format!("() => {REPLICA}?.dataset.seed === '{seed}'");
        self.agent.finds(&format!("the page of seed {seed} is shown"), &shown).await?;
        let script = if frets { "() => tale.rest()" } else { "() => tale.print()" };
        let print = self.shopper.asks(script).await?;
        self.agrees(print, &format!("seed {seed}, as it was read")).await?;
        for step in 1..=STEPS {
            let print = self.shopper.asks("() => tale.step()").await?;
            self.agrees(print, &format!("seed {seed}, step {step}")).await?;
        }
        let errors = self.shopper.page.page_errors();
        anyhow::ensure!(errors.is_empty(), "seed {seed}: the page threw {errors:?}");
        Ok(())
    }

    /// Waits until the replica's tree is the page's.
    async fn agrees(&self, print: String, when: &str) -> Result<()> {
        let same =
            format!("() => {{ const at = {REPLICA}; return at && printOf(treeOf(at)) === '{print}'; }}");
        if self.agent.finds("the trees are the same", &same).await.is_ok() {
            return Ok(());
        }
        let page: String = self.shopper.asks("() => treeOf(tale.host)").await?;
        let replica: String = self.agent.asks(&format!("() => treeOf({REPLICA})")).await?;
        bail!("{when}: the replica is another tree\n{}", first_difference(&page, &replica))
    }
}

fn first_difference(page: &str, replica: &str) -> String {
    const AROUND: usize = 6;
    let (page, replica): (Vec<_>, Vec<_>) = (page.lines().collect(), replica.lines().collect());
    let same = page.iter().zip(&replica).take_while(|(one, other)| one == other).count();
    let part = |lines: &[&str]| {
        let shown = lines.iter().skip(same.saturating_sub(AROUND / 2)).take(AROUND);
        shown.copied().collect::<Vec<_>>().join("\n")
    };
    format!(
        "at line {same} of {} and {}\npage:\n{}\nreplica:\n{}",
        page.len(),
        replica.len(),
        part(&page),
        part(&replica)
    )
}
