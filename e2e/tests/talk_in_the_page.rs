//! "Talk in this browser instead": two voices, a page that changes in mid-call, and a record of both legs.
use anyhow::{Result, ensure};
use e2e::{Mic, Person, Stage, StageOptions, Troupe, agent, api, ear, person::Help, shopper};
use shared::{
    api::{LegRecord, Party},
    contact::LegCause,
};

const SHOPPER: Mic = Mic { hertz: 620 };
const AGENT: Mic = Mic { hertz: 1_180 };

#[tokio::test(flavor = "multi_thread")]
async fn the_two_talk_and_go_on_when_the_page_changes() -> Result<()> {
    Call::begin(Help::Flags).await?.talk_browse_and_hang_up().await
}

#[tokio::test(flavor = "multi_thread")]
async fn they_do_where_the_browser_helps_with_nothing_but_the_granted_microphone() -> Result<()> {
    Call::begin(Help::None).await?.talk_browse_and_hang_up().await
}

struct Call {
    _stage: Stage,
    shopper: Person,
    agent: Person,
    _troupe: Troupe,
}

impl Call {
    /// A ready agent, and a shopper who has just pressed "Talk in this browser instead".
    async fn begin(help: Help) -> Result<Self> {
        let stage = Stage::start(StageOptions::default()).await?;
        let troupe = Troupe::assemble().await?;
        let shopper = troupe.speaker("shopper", SHOPPER, stage.data(), help, &[&stage.shop]).await?;
        let agent = troupe.speaker("agent", AGENT, stage.data(), help, &[&stage.ready.url]).await?;
        agent::starts_shift(&agent, &stage.ready).await?;
        shopper.goes_to(&format!("{}/products/oak-bench.html", stage.shop)).await?;
        shopper::asks_to_talk_here(&shopper, "Is the oak oiled?").await?;
        Ok(Self { _stage: stage, shopper, agent, _troupe: troupe })
    }

    async fn talk_browse_and_hang_up(&self) -> Result<()> {
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
        self.both_hear().await?;

        agent::hangs_up(agent).await?;
        shopper.sees("ringside-widget .pill:has-text('Call ended')").await?;
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

/// Both legs were up and bridged, and end as they ended.
fn check_record(legs: &[LegRecord]) -> Result<()> {
    ensure!(legs.len() == 2, "one leg for each of the two: {legs:?}");
    for (party, cause) in [(Party::Customer, LegCause::OtherSide), (Party::Agent, LegCause::HungUp)] {
        let leg = legs.iter().find(|leg| leg.party == party);
        let whole = leg.is_some_and(|leg| {
            leg.answered_at.is_some()
                && leg.bridged_at.is_some()
                && leg.ended_at.is_some()
                && leg.cause == Some(cause)
                && leg.number.is_none()
        });
        ensure!(whole, "the leg of the {party:?} was bridged and ended by {cause:?}: {legs:?}");
    }
    Ok(())
}
