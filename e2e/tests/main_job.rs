//! From the click to the conversation, on the telephone, and the control of its search for secrets.
use e2e::{
    StageOptions, agent,
    main_job::{CARD, Cast},
    tap::Tap,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_shopper_asks_for_a_call_and_the_two_talk() -> anyhow::Result<()> {
    let evidence = e2e::main_job::run().await?;
    assert!(evidence.lines().len() >= 7, "every step notes what it saw: {evidence:?}");
    Ok(())
}

/// With masking off, the search of the main job finds the very card number that it must not find there.
#[tokio::test(flavor = "multi_thread")]
async fn with_masking_off_the_search_finds_the_card_number() -> anyhow::Result<()> {
    let business = vec![("mask_off", "true")];
    let cast = Cast::assemble(StageOptions { business, ..StageOptions::default() }).await?;
    let tap = Tap::on(&cast.shopper).await?;
    cast.shopper_asks().await?;
    cast.shopper.goes_to(&format!("{}/checkout.html", cast.stage.shop)).await?;
    agent::sees_page(&cast.agent, "Checkout").await?;
    cast.shopper.types("input[autocomplete='cc-number']", CARD).await?;
    agent::sees_value(&cast.agent, CARD).await?;
    assert!(agent::replica_text(&cast.agent).await?.contains(CARD));
    let doors = tap.finds(CARD).await?;
    assert!(doors.iter().all(|door| door.ends_with("frame")), "it left by another door: {doors:?}");
    Ok(())
}
