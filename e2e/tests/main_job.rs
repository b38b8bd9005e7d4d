//! From the click to the conversation, on the telephone.

#[tokio::test(flavor = "multi_thread")]
async fn a_shopper_asks_for_a_call_and_the_two_talk() -> anyhow::Result<()> {
    let evidence = e2e::main_job::run().await?;
    assert!(evidence.lines().len() >= 7, "every step notes what it saw: {evidence:?}");
    Ok(())
}
