//! Five look at one customer's page, each in a browser of its own behind a relay that breaks what it is told to. Each
//! loses something at another point; in the end all five replicas read as the page does.
use anyhow::{Context, Result, bail, ensure};
use e2e::{
    Person, Stage, StageOptions, Troupe, agent, handset,
    main_job::SHOPPER,
    merchant::{KEY, Merchant, Plot, Sheet, page},
    mirrored::{NEXT_FRAME, difference, page_lines, replica_lines, said},
    person::{Help, PATIENCE},
    relay::{Cut, Relay},
    shopper,
};

const FIXTURE: &str = include_str!("../fixtures/many/basket.html");
/// Login and name.
const SUPERVISORS: [(&str, &str); 4] =
    [("eve", "Eve Holt"), ("finn", "Finn Moe"), ("gail", "Gail Roe"), ("hugo", "Hugo Poe")];

struct Viewer {
    person: Person,
    relay: Relay,
}

struct Story {
    stage: Stage,
    shop: Merchant,
    visitor: Person,
    /// Before the visitor's browser.
    line: Relay,
    /// First the agent whose contact it is.
    viewers: Vec<Viewer>,
    _holder: Person,
    troupe: Troupe,
}

impl Story {
    async fn begin() -> Result<Self> {
        let plot = Plot::take().await?;
        let options = StageOptions {
            origins: vec![plot.origin.clone()],
            // A telephone that rings and is not answered: the contact stays where it is.
            settings: vec![
                ("ring_customer", "10m"),
                // After the restart the contact waits for its agent and the telephone, however slowly they come back.
                ("retry.after_failure", "1s"),
                ("retry.attempts", "100"),
                ("dials_per_number", "100"),
                ("console_grace", "2m"),
            ],
            ..StageOptions::default()
        };
        let stage = Stage::start(options).await?;
        let sheet = || Sheet { policy: None, html: page(&stage.ready.url, FIXTURE, KEY) };
        let sheets = [("/basket", sheet()), ("/other", sheet())];
        let shop = plot.build(sheets);
        let troupe = Troupe::assemble().await?;
        let line = Relay::before(&stage.ready.url).await?;
        let visitor = troupe.reader_behind("visitor", &line).await?;
        let holder = troupe.speaker("handset", SHOPPER, stage.data(), Help::Flags, &[]).await?;
        handset::switches_on(&holder, &stage.ready).await?;
        let mut story = Self { stage, shop, visitor, line, viewers: Vec::new(), _holder: holder, troupe };
        let ada = story.enter("ada").await?;
        agent::starts_shift(&ada.person, &story.stage.ready).await?;
        story.viewers.push(ada);
        story.visitor.goes_to(&format!("{}/basket", story.shop.origin)).await?;
        shopper::asks_for_a_call(&story.visitor, &story.stage.ready.handset_number, "Please help").await?;
        shopper::reads(&story.visitor, "Pick up and press 1").await?;
        story.visitor.clicks("ringside-widget [data-do=close]").await?;
        let ada = &story.viewers[0];
        ada.person.sees(".page-view iframe").await?;
        let seen = agent::sees_page(&ada.person, "Basket").await;
        seen.with_context(|| format!("{:?}{}", ada.relay.seen(), said(&[&story.visitor, &ada.person])))?;
        // The pill has the focus, and is no part of the page that is compared. What the mouse is over is known from when
        // it moves while somebody looks.
        story.visitor.page.mouse().click(200.0, 300.0, None).await?;
        Ok(story)
    }

    async fn enter(&self, name: &'static str) -> Result<Viewer> {
        let relay = Relay::before(&self.stage.ready.url).await?;
        let person = self.troupe.reader_behind(name, &relay).await?;
        Ok(Viewer { person, relay })
    }

    /// A supervisor signs in and watches; `cut`: what is lost on the way.
    async fn watches(&mut self, (login, name): (&'static str, &str), cut: Option<Cut>) -> Result<()> {
        let create = ["agent", "create", "--business", "harbour-and-pine", "--login", login, "--name", name];
        let printed = self.stage.admin(&[&create[..], &["--supervisor"]].concat()).await?;
        let password = printed.lines().find_map(|line| line.strip_prefix("password "));
        let password = password.context("a password is printed")?;
        let viewer = self.enter(login).await?;
        agent::signs_in_as(&viewer.person, &self.stage.ready, login, password).await?;
        viewer.person.clicks(".tab:has-text('Watch')").await?;
        if let Some(cut) = cut {
            viewer.relay.cut(cut);
        }
        viewer.person.clicks(".live-list button:has-text('Watch')").await?;
        let seen = agent::sees_page(&viewer.person, "Basket").await;
        seen.with_context(|| format!("{:?}{}", viewer.relay.seen(), said(&[&viewer.person])))?;
        self.viewers.push(viewer);
        Ok(())
    }

    async fn page_changes(&self) -> Result<()> {
        self.visitor.asks::<u32>("() => change()").await.map(drop)
    }

    /// All of these read what the page reads, or the story fails.
    async fn agree(&self, who: impl IntoIterator<Item = usize>) -> Result<()> {
        for at in who {
            let viewer = &self.viewers[at];
            let mut last = (String::new(), String::new());
            let same = async {
                loop {
                    last = (page_lines(&self.visitor).await?, replica_lines(&viewer.person).await?);
                    if last.0 == last.1 {
                        return anyhow::Ok(());
                    }
                    viewer.person.asks::<bool>(NEXT_FRAME).await?;
                }
            };
            if tokio::time::timeout(PATIENCE, same).await.is_err() {
                let seen = (viewer.relay.seen(), self.line.seen());
                let (page, shown) = last;
                let said = said(&[&self.visitor, &viewer.person]);
                bail!(
                    "{} sees another page ({seen:?})\n{}{said}",
                    viewer.person.name,
                    difference(&page, &shown)
                );
            }
        }
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn five_viewers_have_the_same_page_after_losses_at_five_points() -> Result<()> {
    let mut story = Story::begin().await?;
    let [eve, finn, gail, hugo] = SUPERVISORS;
    story.watches(eve, Some(Cut::BeforeKeyframe)).await.context("cut before the keyframe")?;
    story.watches(finn, Some(Cut::InKeyframe)).await.context("cut in the keyframe")?;
    for at in [1, 2] {
        let seen = story.viewers[at].relay.seen();
        ensure!((seen.cuts, seen.sockets) == (1, 2), "it was cut and came back: {seen:?}");
    }
    story.watches(gail, None).await?;
    story.watches(hugo, None).await?;
    story.page_changes().await?;
    story.agree(0..5).await.context("all five")?;
    story.visitor.sees("ringside-widget .chip:has-text('A supervisor')").await.context("who watches")?;
    between_patches(&story).await.context("cut between patches")?;
    cut_off(&story).await.context("a page that was cut off")?;
    stalled(&story).await.context("a viewer that reads nothing")?;
    restarted(&mut story).await.context("a restart of the server")
}

/// Whoever is cut off between two patches goes on from there: nobody is sent a keyframe.
async fn between_patches(story: &Story) -> Result<()> {
    let gail = &story.viewers[3].relay;
    let before: Vec<_> = story.viewers.iter().map(|viewer| viewer.relay.seen()).collect();
    gail.cut(Cut::AfterPatch);
    for _ in 0..5 {
        story.page_changes().await?;
    }
    gail.sees("a cut", |seen| seen.cuts == 1).await?;
    story.page_changes().await?;
    story.agree(0..5).await?;
    gail.sees("another socket", |seen| seen.sockets == before[3].sockets + 1).await?;
    for (viewer, before) in story.viewers.iter().zip(&before) {
        let seen = viewer.relay.seen();
        ensure!(seen.keyframes == before.keyframes, "{} went on: {seen:?}", viewer.person.name);
    }
    Ok(())
}

/// The customer's page loses its socket and changes meanwhile. It goes on with patches: nobody is sent a keyframe.
async fn cut_off(story: &Story) -> Result<()> {
    story.agree(0..5).await.context("before")?;
    let before: Vec<_> = story.viewers.iter().map(|viewer| viewer.relay.seen()).collect();
    let pages = story.line.seen().pages;
    story.line.cut_pages();
    story.visitor.finds("the page noticed", "() => globalThis.cut === 1").await?;
    for _ in 0..3 {
        story.page_changes().await?;
    }
    story.line.sees("the page again", |seen| seen.pages > pages).await?;
    story.page_changes().await?;
    story.agree(0..5).await.context("after")?;
    for (viewer, before) in story.viewers.iter().zip(&before) {
        let seen = viewer.relay.seen();
        ensure!(seen.keyframes == before.keyframes, "{} went on: {seen:?}", viewer.person.name);
        ensure!(seen.sockets == before.sockets, "{} noticed nothing: {seen:?}", viewer.person.name);
    }
    Ok(())
}

/// One reads nothing while the page says more than sockets take, and is left. The others have all of it at once, and
/// that one has the page as it is now as soon as it reads again, without what it missed.
async fn stalled(story: &Story) -> Result<()> {
    let (hugo, eve) = (&story.viewers[4].relay, &story.viewers[1].relay);
    let before: Vec<_> = story.viewers.iter().map(|viewer| viewer.relay.seen()).collect();
    hugo.hold(true);
    story.visitor.asks::<u32>("() => flood(120)").await?;
    story.agree(0..4).await.context("the others")?;
    let (page, shown) = (page_lines(&story.visitor).await?, replica_lines(&story.viewers[4].person).await?);
    ensure!(page != shown, "that one is held back");
    let keyframes = eve.seen().keyframes;
    story.visitor.goes_to(&format!("{}/other", story.shop.origin)).await?;
    // What the mouse is over is known from when it next moves.
    eve.sees("the next page", |seen| seen.keyframes > keyframes).await?;
    story.visitor.page.mouse().click(220.0, 340.0, None).await?;
    story.page_changes().await?;
    story.agree(0..4).await.context("the others, on the next page")?;
    hugo.hold(false);
    story.agree(4..5).await.context("that one, later")?;
    let patches = |of: usize| story.viewers[of].relay.seen().patches - before[of].patches;
    ensure!(patches(4) < patches(1), "it was not sent what it missed: {:?}, {:?}", hugo.seen(), eve.seen());
    for (viewer, before) in story.viewers.iter().zip(&before) {
        let seen = viewer.relay.seen();
        ensure!(seen.sockets == before.sockets, "{} lost no connection: {seen:?}", viewer.person.name);
    }
    Ok(())
}

/// The server is killed and comes back: the page stays as it is, sends one keyframe, and all who look on have it again.
async fn restarted(story: &mut Story) -> Result<()> {
    story.visitor.asks::<bool>("() => globalThis.untouched = true").await?;
    let before: Vec<_> = story.viewers.iter().map(|viewer| viewer.relay.seen()).collect();
    story.stage.kill().await?;
    story.page_changes().await?;
    story.stage.restart().await?;
    story.page_changes().await?;
    for (viewer, before) in story.viewers.iter().zip(&before).skip(1) {
        viewer.relay.sees("the page again", |seen| seen.keyframes > before.keyframes).await?;
    }
    story.agree(1..5).await?;
    let untouched: bool = story.visitor.asks("() => globalThis.untouched === true").await?;
    ensure!(untouched, "the page was not loaded anew");
    for (viewer, before) in story.viewers.iter().zip(&before).skip(1) {
        let seen = viewer.relay.seen();
        let keyframes = seen.keyframes - before.keyframes;
        ensure!(keyframes == 1, "{} was sent {keyframes} keyframes", viewer.person.name);
    }
    // The agent's own call was cut off: its contact waits for another attempt, and comes back with that.
    story.agree(0..1).await.context("the agent whose contact it is")
}
