//! A power cut right after the request was accepted: everybody comes back by themselves, and the customer is
//! called, once.
use anyhow::{Result, ensure};
use e2e::{Mic, Stage, StageOptions, Troupe, agent, api, handset, person::Help, shopper};
use shared::api::Party;

const HOLDER: Mic = Mic { hertz: 620 };
const AGENT: Mic = Mic { hertz: 1_180 };

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_was_accepted_is_called_once_although_the_server_was_killed() -> Result<()> {
    let mut stage = Stage::start(StageOptions::default()).await?;
    let troupe = Troupe::assemble().await?;
    let shopper = troupe.reader("shopper").await?;
    let holder = troupe.speaker("handset", HOLDER, stage.data(), Help::Flags, &[]).await?;
    let agent = troupe.speaker("agent", AGENT, stage.data(), Help::Flags, &[]).await?;
    agent::signs_in(&agent, &stage.ready).await?;
    handset::switches_on(&holder, &stage.ready).await?;
    handset::counts_rings(&holder).await?;

    shopper.goes_to(&format!("{}/", stage.shop)).await?;
    shopper::fills_in(&shopper, &stage.ready.handset_number, "Is it in stock?").await?;
    let contact = shopper::contact_of(&shopper, shopper.clicks(shopper::CALL_ME)).await?;
    stage.kill().await?;
    shopper.sees("ringside-widget .notice:has-text('No connection')").await?;
    handset::is_away(&holder).await?;
    stage.restart().await?;

    shopper::reads(&shopper, "You’re next").await?;
    shopper.finds("it is connected again", shopper::IS_CONNECTED).await?;
    // A telephone that is still away would be tried again later, which is right but another story.
    holder.sees(".handset[data-state=idle]").await?;
    agent::goes_ready(&agent).await?;
    handset::answers(&holder).await?;
    handset::presses(&holder, '1').await?;
    agent::accepts(&agent).await?;
    agent::talks(&agent).await?;
    shopper::reads(&shopper, "You’re talking to Ada").await?;

    let rings = handset::rings_counted(&holder).await?;
    ensure!(rings == 1.0, "the telephone rang {rings} times");
    let legs = api::record(&agent, contact).await?.legs;
    let customers = legs.iter().filter(|leg| leg.party == Party::Customer).count();
    ensure!(customers == 1 && legs.len() == 2, "one leg to the customer, one to the agent: {legs:?}");
    Ok(())
}
