//! However often a call is asked for, the telephone rings once; and whoever types somebody else's number learns
//! nothing and touches nothing.
use anyhow::{Context, Result, ensure};
use e2e::{
    Mic, Person, Stage, StageOptions, Troupe, agent,
    api::{self, Posted},
    handset,
    person::Help,
    shopper,
    tap::Tap,
};
use shared::{ContactId, api::Party};

const HOLDER: Mic = Mic { hertz: 620 };
const AGENT: Mic = Mic { hertz: 1_180 };
/// What a stranger may be told: a place in line, a call that seems to go out, and that nobody answered.
const STRANGER_PHASES: [&str; 3] = ["waiting", "calling", "ended"];
const STRANGER_REASONS: [Option<&str>; 3] = [None, Some("cancelled"), Some("no_answer")];

#[tokio::test(flavor = "multi_thread")]
async fn two_clicks_two_tabs_a_replay_and_strangers_make_one_call() -> Result<()> {
    let scene = Scene::open().await?;
    let (tab, sent) = scene.clicks_twice_and_in_two_tabs().await?;
    let contact = scene.contact_of_the_first().await?;
    scene.replays(&sent, contact).await?;

    let canceller = scene.stranger_asks("canceller").await?;
    let waiter = scene.stranger_asks("waiter").await?;
    ensure!(
        waiter.contact != contact && canceller.contact != contact,
        "each stranger has a contact of its own"
    );
    shopper::cancels(&canceller.person).await?;
    shopper::reads(&canceller.person, "Cancelled").await?;
    shopper::reads(&scene.shopper, "You’re next").await?;

    scene.first_call_goes_through(&tab).await?;
    shopper::reads(&waiter.person, "Calling").await?;
    shopper::reads(&waiter.person, "Nobody picked up").await?;
    scene.one_leg_to_the_number(&[contact, canceller.contact, waiter.contact]).await?;
    for stranger in [&canceller, &waiter] {
        learned_nothing(&stranger.person).await?;
    }
    Ok(())
}

struct Scene {
    stage: Stage,
    shopper: Person,
    holder: Person,
    agent: Person,
    troupe: Troupe,
}

struct Stranger {
    person: Person,
    contact: ContactId,
}

impl Scene {
    /// The agent is signed in but away, so that requests wait in line.
    async fn open() -> Result<Self> {
        let stage = Stage::start(StageOptions {
            settings: vec![("ring_customer", "12s"), ("retry.attempts", "1")],
            ..StageOptions::default()
        })
        .await?;
        let troupe = Troupe::assemble().await?;
        let shopper = troupe.reader("shopper").await?;
        let holder = troupe.speaker("handset", HOLDER, stage.data(), Help::Flags, &[]).await?;
        let agent = troupe.speaker("agent", AGENT, stage.data(), Help::Flags, &[]).await?;
        agent::signs_in(&agent, &stage.ready).await?;
        handset::switches_on(&holder, &stage.ready).await?;
        handset::counts_rings(&holder).await?;
        Ok(Self { stage, shopper, holder, agent, troupe })
    }

    /// Fills the same form in twice, in two tabs; presses the button twice in one and once in the other.
    async fn clicks_twice_and_in_two_tabs(&self) -> Result<(Person, Posted)> {
        let (shopper, number) = (&self.shopper, &self.stage.ready.handset_number);
        let tab = shopper.opens_a_tab().await?;
        let taps = [Tap::on(shopper).await?, Tap::on(&tab).await?];
        for page in [shopper, &tab] {
            page.goes_to(&format!("{}/", self.stage.shop)).await?;
            shopper::fills_in(page, number, "Is it in stock?").await?;
        }
        // With the mouse alone: a careful click would notice that the button is gone after the first.
        let (here, there) =
            (shopper.where_is(shopper::CALL_ME).await?, tab.where_is(shopper::CALL_ME).await?);
        let (mouse, other) = (shopper.page.mouse(), tab.page.mouse());
        let (twice, once) =
            tokio::join!(mouse.dblclick(here.0, here.1, None), other.click(there.0, there.1, None));
        twice.and(once)?;
        for page in [shopper, &tab] {
            shopper::reads(page, "You’re next").await?;
        }
        let sent: Vec<Posted> = taps.iter().flat_map(api::posted).collect();
        ensure!(sent.len() == 1, "three clicks in two tabs sent one request, not {sent:?}");
        let sent = sent.into_iter().next().context("one request was sent")?;
        Ok((tab, sent))
    }

    async fn contact_of_the_first(&self) -> Result<ContactId> {
        let contacts = api::contacts(&self.agent).await?;
        ensure!(contacts.len() == 1, "one request made one contact, not {contacts:?}");
        Ok(contacts[0].contact)
    }

    /// The same key and body again give the same contact; another body under that key is refused.
    async fn replays(&self, sent: &Posted, contact: ContactId) -> Result<()> {
        let Self { stage, shopper, .. } = self;
        let again = api::post(shopper, &stage.ready.url, &stage.shop, sent).await?;
        ensure!(again.status == 201, "a replay is answered like the first: {again:?}");
        ensure!(again.text("contact") == contact.to_string(), "a replay is the same contact: {again:?}");
        let other = Posted { key: sent.key.clone(), body: sent.body.replace("in stock", "in the shop") };
        let other = api::post(shopper, &stage.ready.url, &stage.shop, &other).await?;
        let refused = other.status == 422 && other.text("code") == "idempotency_key_reused";
        ensure!(refused, "another body under the same key is refused: {other:?}");
        Ok(())
    }

    /// Somebody else, who asks for a call to the same number.
    async fn stranger_asks(&self, name: &'static str) -> Result<Stranger> {
        let person = self.troupe.reader(name).await?;
        person.goes_to(&format!("{}/", self.stage.shop)).await?;
        shopper::fills_in(&person, &self.stage.ready.handset_number, "Who lives there?").await?;
        shopper::keeps_what_it_is_told(&person).await?;
        let contact = shopper::contact_of(&person, person.clicks(shopper::CALL_ME)).await?;
        shopper::reads(&person, "line").await?;
        Ok(Stranger { person, contact })
    }

    async fn first_call_goes_through(&self, tab: &Person) -> Result<()> {
        agent::goes_ready(&self.agent).await?;
        handset::answers(&self.holder).await?;
        handset::presses(&self.holder, '1').await?;
        agent::accepts(&self.agent).await?;
        agent::talks(&self.agent).await?;
        for page in [&self.shopper, tab] {
            shopper::reads(page, "You’re talking to Ada").await?;
        }
        agent::hangs_up(&self.agent).await?;
        agent::wraps_up(&self.agent, "Advised", "in stock").await
    }

    async fn one_leg_to_the_number(&self, contacts: &[ContactId]) -> Result<()> {
        let mut to_the_number = Vec::new();
        for contact in contacts {
            let legs = api::record(&self.agent, *contact).await?.legs;
            to_the_number.extend(legs.into_iter().filter(|leg| leg.party == Party::Customer));
        }
        ensure!(to_the_number.len() == 1, "one leg went to the number: {to_the_number:?}");
        let rings = handset::rings_counted(&self.holder).await?;
        ensure!(rings == 1.0, "the telephone rang {rings} times");
        Ok(())
    }
}

/// Nothing that a stranger was told depends on what the first customer did.
async fn learned_nothing(stranger: &Person) -> Result<()> {
    let told = shopper::was_told(stranger).await?;
    ensure!(!told.is_empty(), "the {} was told something", stranger.name);
    for status in &told {
        let phase = status["phase"].as_str().unwrap_or_default();
        let fine = STRANGER_PHASES.contains(&phase)
            && STRANGER_REASONS.contains(&status["reason"].as_str())
            && status["agent"].is_null();
        ensure!(fine, "the {} learned more than it may: {status}", stranger.name);
    }
    Ok(())
}
