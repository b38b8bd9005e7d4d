//! "Keep the call in a small window": a call in the page goes on by ear while the shopper's page goes to a foreign site,
//! comes back, and takes the call again.
use anyhow::{Context, Result, ensure};
use e2e::{
    Mic, Person, Stage, StageOptions, Troupe, agent, api,
    axe::Inspector,
    ear,
    merchant::{Merchant, Plot, Sheet},
    person::Help,
    shopper, tap,
};
use shared::api::Party;

const SHOPPER: Mic = Mic { hertz: 620 };
const AGENT: Mic = Mic { hertz: 1_180 };
const KEEP: &str = "ringside-widget #voice button:has-text('Keep the call in a small window')";
const HERE_AGAIN: &str = "ringside-widget #voice button:has-text('Talk here again')";
const GO_ON: &str = "button:has-text('Go on talking here')";

#[tokio::test(flavor = "multi_thread")]
async fn a_call_goes_on_in_the_small_window_while_the_page_is_elsewhere() -> Result<()> {
    let call = Call::begin(Help::None).await?;
    let Call { shopper, agent, foreign, stage, .. } = &call;
    let leg = ear::plays(shopper).await?;
    let window = call.moves_to_the_window().await?;
    call.token_is_in_no_address(&window).await?;
    ensure!(ear::plays(&window).await? == leg, "it is the same leg");
    shopper.sees("ringside-widget #voice:has-text('The call is in its small window')").await?;
    call.both_hear(&window).await?;

    shopper.goes_to(&foreign.origin).await?;
    agent::talks(agent).await?;
    call.both_hear(&window).await?;

    // The window is loaded anew, with nobody there to give it the call again.
    window.page.reload(None).await?;
    window.clicks(GO_ON).await?;
    ensure!(ear::plays(&window).await? == leg, "the leg waited for the window");
    agent::talks(agent).await?;
    call.both_hear(&window).await?;

    // Back in the shop: its page knows where the call is, and leaves it there.
    shopper.goes_to(&format!("{}/about.html", stage.shop)).await?;
    shopper.clicks("ringside-widget .pill:has-text('Talking')").await?;
    shopper.sees(HERE_AGAIN).await?;
    ensure!(ear::plays(&window).await? == leg, "the page did not take the leg");
    call.both_hear(&window).await?;

    let closing = window.closing().await?;
    shopper.clicks(HERE_AGAIN).await?;
    ensure!(ear::plays(shopper).await? == leg, "the leg went back to the page");
    call.both_hear(shopper).await?;
    closing.await?;

    agent::hangs_up(agent).await?;
    shopper::reads(shopper, "Call ended").await?;
    agent::wraps_up(agent, "Advised", "oiled twice").await?;
    let legs = api::legs_of_the_only_contact(agent).await?;
    let customer = legs.iter().filter(|leg| leg.party == Party::Customer).count();
    ensure!(customer == 1 && legs.len() == 2, "one leg each, wherever it was carried: {legs:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_window_gives_the_call_back_and_one_that_stays_ends_it() -> Result<()> {
    let call = Call::begin(Help::Flags).await?;
    let Call { shopper, agent, .. } = &call;
    let leg = ear::plays(shopper).await?;
    let token = shopper::token(shopper).await?.context("the browser holds a token")?;
    let window = call.moves_to_the_window().await?;
    ensure!(ear::plays(&window).await? == leg, "it is the same leg");
    window.page.close().await?;
    ensure!(ear::plays(shopper).await? == leg, "the leg went back to the page");
    call.both_hear(shopper).await?;

    let window = call.moves_to_the_window().await?;
    ensure!(ear::plays(&window).await? == leg, "it is the same leg");
    window.clicks("button:has-text('Mute')").await?;
    window.sees("button[aria-pressed=true]:has-text('Mute')").await?;
    let heard = ear::listen(agent, &[SHOPPER.hertz]).await?;
    // What was on its way when it was muted is still heard.
    ensure!(heard.loud < heard.blocks / 10, "a muted microphone is not heard: {heard:?}");
    window.clicks("button:has-text('Mute')").await?;
    ear::hears(agent, SHOPPER.hertz, &[AGENT.hertz]).await?;
    window.clicks("button:has-text('Hang up')").await?;
    window.sees("[role=status]:has-text('Call ended. Thank you.')").await?;
    shopper::reads(shopper, "Call ended").await?;
    for page in [shopper, &window] {
        let kept = tap::storage(page).await?;
        ensure!(!kept.contains(&token), "the token is kept no longer: {kept}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_to_another_site_waits_until_the_call_is_in_its_window() -> Result<()> {
    let call = Call::begin(Help::Flags).await?;
    let Call { shopper, agent, foreign, .. } = &call;
    let leg = ear::plays(shopper).await?;
    let link = format!(
        "() => {{ const link = document.createElement('a'); link.id = 'out'; link.href = '{}/'; \
         link.textContent = 'Elsewhere'; document.querySelector('main').prepend(link); return true; }}",
        foreign.origin
    );
    shopper.asks::<bool>(&link).await?;
    shopper.clicks("ringside-widget #card .icon").await?;
    shopper.clicks("#out").await?;
    shopper.sees("ringside-widget #voice:has-text('That link leaves this site')").await?;
    let mut axe = Inspector::new()?;
    axe.look(shopper, "the card, asking about a link").await?;
    axe.verdict()?;
    shopper.clicks("ringside-widget #voice button:has-text('Stay here')").await?;
    shopper.sees("ringside-widget #voice button:has-text('Mute')").await?;
    shopper.clicks("#out").await?;
    let window = call.moves_to_the_window().await?;
    shopper.finds("the page goes where the link leads", "() => document.title === 'Elsewhere'").await?;
    ensure!(ear::plays(&window).await? == leg, "it is the same leg");
    call.both_hear(&window).await?;
    agent::hangs_up(agent).await?;
    window.sees("[role=status]:has-text('Call ended. Thank you.')").await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_that_nobody_gave_a_call_says_so_and_listens_to_no_stranger() -> Result<()> {
    let stage = Stage::start(StageOptions::default()).await?;
    let troupe = Troupe::assemble().await?;
    let address = format!("{}/call/?business=harbour-and-pine", stage.ready.url);
    let alone = troupe.reader("alone").await?;
    alone.goes_to(&address).await?;
    alone.sees("[role=status]:has-text('There is no call here')").await?;
    let mut axe = Inspector::new()?;
    axe.look(&alone, "a stray window").await?;
    axe.verdict()?;

    // A page that is not on the business's list hands a token over, which the window does not take.
    let html = format!(
        "<!doctype html><title>Stranger</title><button onclick=\"window.addEventListener('message', event => {{ \
         globalThis.asked = event.data.ringside; event.source.postMessage({{ ringside: 'call', token: 'x' }}, '*'); \
         globalThis.answered = true; }}); window.open('{address}', 'w')\">Open</button>"
    );
    let stranger = Plot::take().await?.build([("/", Sheet { html, policy: None })]);
    alone.goes_to(&stranger.origin).await?;
    let waiter = alone.page.expect_popup(None).await?;
    alone.clicks("button").await?;
    let window = waiter.wait().await.context("no window opened")?;
    let window = alone.with_page(window).await;
    alone.finds("the stranger answered", "() => globalThis.answered").await?;
    // What was posted before is heard before.
    window.asks::<bool>("() => new Promise(done => { addEventListener('message', () => done(true), { once: true }); postMessage('', '*'); })").await?;
    window.sees("[role=status]:has-text('Looking for your call')").await?;
    let offered = window.page.locator(GO_ON).count().await?;
    ensure!(offered == 0, "a stranger's token is not taken");
    Ok(())
}

struct Call {
    stage: Stage,
    shopper: Person,
    agent: Person,
    foreign: Merchant,
    _troupe: Troupe,
}

impl Call {
    /// The two talk in the shop's page.
    async fn begin(help: Help) -> Result<Self> {
        let stage = Stage::start(StageOptions::default()).await?;
        let troupe = Troupe::assemble().await?;
        let sites = [stage.shop.as_str(), &stage.ready.url];
        let shopper = troupe.speaker("shopper", SHOPPER, stage.data(), help, &sites).await?;
        let agent = troupe.speaker("agent", AGENT, stage.data(), help, &[&stage.ready.url]).await?;
        let html = "<!doctype html><html lang=en><title>Elsewhere</title><h1>Elsewhere</h1>".to_owned();
        let foreign = Plot::take().await?.build([("/", Sheet { html, policy: None })]);
        agent::starts_shift(&agent, &stage.ready).await?;
        shopper.goes_to(&format!("{}/products/oak-bench.html", stage.shop)).await?;
        shopper::asks_to_talk_here(&shopper, "Is the oak oiled?").await?;
        agent::accepts(&agent).await?;
        agent::talks(&agent).await?;
        shopper::reads(&shopper, "You’re talking to Ada").await?;
        Ok(Self { stage, shopper, agent, foreign, _troupe: troupe })
    }

    async fn moves_to_the_window(&self) -> Result<Person> {
        let waiter = self.shopper.page.expect_popup(None).await?;
        self.shopper.clicks(KEEP).await?;
        let window = waiter.wait().await.context("no window opened")?;
        let window = self.shopper.with_page(window).await;
        window.sees("h1:has-text('Call with Harbour & Pine')").await?;
        window.sees(GO_ON).await?;
        let mut axe = Inspector::new()?;
        axe.look(&window, "the small window, offered").await?;
        window.clicks(GO_ON).await?;
        window.sees("[role=status]:has-text('You’re talking to Ada')").await?;
        axe.look(&window, "the small window, live").await?;
        axe.verdict()?;
        Ok(window)
    }

    /// It was given by a message, and lies where only this window looks.
    async fn token_is_in_no_address(&self, window: &Person) -> Result<()> {
        let token = shopper::token(&self.shopper).await?.context("the browser holds a token")?;
        let addresses: Vec<String> = window
            .asks("() => [location.href, document.referrer, window.name, ...performance.getEntriesByType('resource').map(one => one.name)]")
            .await?;
        ensure!(!addresses.iter().any(|address| address.contains(&token)), "{addresses:?}");
        let kept = tap::storage(window).await?;
        ensure!(kept.contains(&token), "the check would find it where it is: {kept}");
        Ok(())
    }

    async fn both_hear(&self, shopper: &Person) -> Result<()> {
        ear::hears(&self.agent, SHOPPER.hertz, &[AGENT.hertz]).await?;
        ear::hears(shopper, AGENT.hertz, &[SHOPPER.hertz]).await?;
        Ok(())
    }
}
