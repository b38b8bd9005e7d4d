//! "Talk in this browser instead": two voices, a page that changes in mid-call, an agent who reloads the console at
//! every stage of the call, and a record of all legs.
use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::{Mic, Person, Stage, StageOptions, Troupe, agent, api, ear, person::Help, shopper};
use shared::{
    api::{LegRecord, Party},
    contact::LegCause,
};
use tokio::time::Instant;

const SHOPPER: Mic = Mic { hertz: 620 };
const AGENT: Mic = Mic { hertz: 1_180 };
/// How long a leg lives without its media: longer than a page takes to load on a machine that has much else to do.
const MEDIA_GRACE: (&str, Duration) = ("8s", Duration::from_secs(8));

#[tokio::test(flavor = "multi_thread")]
async fn the_two_talk_and_go_on_when_either_page_is_loaded_again() -> Result<()> {
    let call = Call::begin(Help::Flags).await?;
    call.rings_on_in_a_page_that_was_reloaded().await?;
    call.talk_and_browse().await?;
    call.goes_on_in_a_console_that_was_reloaded().await?;
    call.hang_up_and_reload_in_the_wrap_up().await
}

#[tokio::test(flavor = "multi_thread")]
async fn they_do_where_the_browser_helps_with_nothing_but_the_granted_microphone() -> Result<()> {
    let call = Call::begin(Help::None).await?;
    call.talk_and_browse().await?;
    call.goes_on_by_a_click_where_the_microphone_was_taken_back().await?;
    call.hang_up_and_reload_in_the_wrap_up().await
}

struct Call {
    stage: Stage,
    shopper: Person,
    agent: Person,
    _troupe: Troupe,
}

impl Call {
    /// A ready agent, and a shopper who has just pressed "Talk in this browser instead".
    async fn begin(help: Help) -> Result<Self> {
        let settings = vec![("media_grace", MEDIA_GRACE.0)];
        let stage = Stage::start(StageOptions { settings, ..StageOptions::default() }).await?;
        let troupe = Troupe::assemble().await?;
        let shopper = troupe.speaker("shopper", SHOPPER, stage.data(), help, &[&stage.shop]).await?;
        let agent = troupe.speaker("agent", AGENT, stage.data(), help, &[&stage.ready.url]).await?;
        agent::starts_shift(&agent, &stage.ready).await?;
        shopper.goes_to(&format!("{}/products/oak-bench.html", stage.shop)).await?;
        shopper::asks_to_talk_here(&shopper, "Is the oak oiled?").await?;
        Ok(Self { stage, shopper, agent, _troupe: troupe })
    }

    /// The offer is there again, or a new one is.
    async fn rings_on_in_a_page_that_was_reloaded(&self) -> Result<()> {
        self.agent.sees(".offer button:has-text('Accept')").await?;
        self.agent.reloads().await?;
        self.agent.sees(".offer button:has-text('Accept')").await.map(drop)
    }

    async fn talk_and_browse(&self) -> Result<()> {
        let Self { shopper, agent, .. } = self;
        agent::accepts(agent).await?;
        agent::talks(agent).await?;
        shopper::reads(shopper, "You’re talking to Ada").await?;
        let leg = ear::plays(shopper).await?;
        self.both_hear().await?;

        shopper.clicks("header a:has-text('About us')").await?;
        shopper.finds("it came to another page", "() => location.pathname === '/about.html'").await?;
        let after = ear::plays(shopper).await?;
        ensure!(after == leg, "leg {leg} goes on in the new page, not {after}");
        agent::talks(agent).await?;
        self.both_hear().await
    }

    /// The same leg, the same page before the agent's eyes, and nobody ends it for want of media. Who was mute stays it.
    async fn goes_on_in_a_console_that_was_reloaded(&self) -> Result<()> {
        let Self { shopper, agent, .. } = self;
        let leg = ear::plays(agent).await?;
        agent::sees_page(agent, "A small shop").await?;
        agent.reloads().await?;
        let reloaded = Instant::now();
        let after = ear::plays(agent).await?;
        ensure!(after == leg, "leg {leg} goes on in the page that was reloaded, not {after}");
        agent::talks(agent).await?;
        agent::sees_page(agent, "A small shop").await?;
        self.both_hear().await?;
        agent.clicks(".call-actions button:has-text('Mute')").await?;
        agent.sees(".call-actions button:has-text('Unmute')").await?;
        agent.reloads().await?;
        agent.sees(".call-actions button:has-text('Unmute')").await?;
        ear::hears(agent, SHOPPER.hertz, &[AGENT.hertz]).await?;
        agent.clicks(".call-actions button:has-text('Unmute')").await?;
        while reloaded.elapsed() < 2 * MEDIA_GRACE.1 {
            self.both_hear().await?;
        }
        agent::talks(agent).await?;
        shopper.sees("ringside-widget .pill:has-text('Talking')").await.map(drop)
    }

    async fn goes_on_by_a_click_where_the_microphone_was_taken_back(&self) -> Result<()> {
        let leg = ear::plays(&self.agent).await?;
        self.agent.takes_the_microphone_back().await?;
        self.agent.reloads().await?;
        self.agent.sees(".go-on:has-text('The customer is still there')").await?;
        self.agent.sees(".go-on-left:has-text('The call ends in')").await?;
        self.agent.gives_the_microphone(&self.stage.ready.url).await?;
        self.agent.clicks(".go-on button:has-text('Go on with the call')").await?;
        let after = ear::plays(&self.agent).await?;
        ensure!(after == leg, "leg {leg} goes on after the click, not {after}");
        agent::talks(&self.agent).await?;
        self.both_hear().await
    }

    async fn hang_up_and_reload_in_the_wrap_up(&self) -> Result<()> {
        let Self { shopper, agent, .. } = self;
        agent::hangs_up(agent).await?;
        shopper.sees("ringside-widget .pill:has-text('Call ended')").await?;
        agent.types("#notes", "oiled once").await?;
        agent.sees(".saved:text-is('Saved')").await?;
        agent.reloads().await?;
        let kept = "() => document.querySelector('#notes')?.value === 'oiled once'";
        agent.finds("the notes are there again", kept).await?;
        agent::wraps_up(agent, "Advised", "oiled twice").await?;
        let legs = api::legs_of_the_only_contact(agent).await?;
        check_record(&legs)
    }

    async fn both_hear(&self) -> Result<()> {
        ear::hears(&self.agent, SHOPPER.hertz, &[AGENT.hertz]).await?;
        ear::hears(&self.shopper, AGENT.hertz, &[SHOPPER.hertz]).await?;
        Ok(())
    }
}

/// Both legs were up and bridged, and end as they ended. An offer that lapsed in a page that went had no voice.
fn check_record(legs: &[LegRecord]) -> Result<()> {
    let bridged: Vec<_> = legs.iter().filter(|leg| leg.bridged_at.is_some()).collect();
    ensure!(bridged.len() == 2, "one bridged leg for each of the two: {legs:?}");
    let rest = legs.iter().filter(|leg| leg.bridged_at.is_none());
    let lapsed = rest.clone().all(|leg| leg.party == Party::Agent && leg.cause == Some(LegCause::MediaLost));
    ensure!(lapsed && rest.count() <= 1, "of the others, the one that was offered twice alone: {legs:?}");
    for (party, cause) in [(Party::Customer, LegCause::OtherSide), (Party::Agent, LegCause::HungUp)] {
        let leg = bridged.iter().find(|leg| leg.party == party);
        let whole = leg.is_some_and(|leg| {
            leg.answered_at.is_some()
                && leg.ended_at.is_some()
                && leg.cause == Some(cause)
                && leg.number.is_none()
        });
        ensure!(whole, "the leg of the {party:?} was bridged and ended by {cause:?}: {legs:?}");
    }
    Ok(())
}
