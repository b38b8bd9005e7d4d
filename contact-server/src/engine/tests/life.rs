//! A call is up, and nobody does anything in it.
use contact_core::DialEvent;
use shared::{LegId, api::WrapUp, contact::LegCause};

use super::*;

const MINUTE: Duration = Duration::from_secs(60);
const A_MINUTE_OF_SIGNS: u32 = 12;

#[tokio::test(start_paused = true)]
async fn quiet_call_is_stored_at_a_bounded_pace_and_an_idle_business_stores_nothing() {
    let mut stage = Stage::start().await;
    stage.agent_is_ready().await;
    nothing_is_stored(&mut stage).await;
    let call = Call::begin(&mut stage).await;
    let began = tokio::time::Instant::now();
    signs_of_life(&stage, A_MINUTE_OF_SIGNS).await;
    let took = began.elapsed();
    assert!((MINUTE..MINUTE + Duration::from_secs(1)).contains(&took), "of the clock on the stage: {took:?}");
    call.ends(&stage).await;
    nothing_is_stored(&mut stage).await;
}

#[tokio::test(start_paused = true)]
async fn call_of_a_server_that_went_away_is_as_long_as_the_server_lived() {
    let (stage, _) = quiet_call().await;
    signs_of_life(&stage, 13 * A_MINUTE_OF_SIGNS).await;
    tokio::time::advance(Duration::from_secs(3)).await;
    let stage = stage.restart().await;
    let today = stage.engines.console(BUSINESS, AGENT).await.unwrap().unwrap().today;
    assert_eq!((today.calls, today.talk_seconds), (1, 13 * 60));
}

/// A commit that fails throws the `Center` away, and with it every call: not for this.
#[tokio::test(start_paused = true)]
async fn disk_that_fails_while_nobody_needs_it_cuts_no_call_off() {
    let (stage, call) = quiet_call().await;
    stage.store.fail_commits(6);
    signs_of_life(&stage, A_MINUTE_OF_SIGNS).await;
    assert_eq!((stage.phase(1).await, stage.store.epoch()), (Phase::Talking, 1));
    call.ends(&stage).await;
    assert_eq!(stage.store.epoch(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_decided_beside_a_sign_of_life_fails_as_ever() {
    let (stage, _) = quiet_call().await;
    stage.store.hold();
    stage.store.commit_begun().await;
    // Both wait for that commit, and are one.
    tokio::time::advance(Duration::from_secs(6)).await;
    settle().await;
    let asked = stage.ask(request(2));
    settle().await;
    // Of the sign that is being stored, which is spared, and of those two.
    stage.store.fail_commits(2);
    stage.store.release();
    assert_eq!(asked.await.unwrap(), Err(EngineError::Unavailable));
    stage.until_served().await;
    assert_eq!(stage.store.epoch(), 2);
}

#[tokio::test(start_paused = true)]
async fn business_that_was_taken_over_during_a_quiet_call_is_left_alone() {
    let (stage, _) = quiet_call().await;
    assert!(stage.engines.are_all_served());
    stage.store.fail_next(StoreFailure::Fenced);
    signs_of_life(&stage, 1).await;
    assert!(!stage.engines.are_all_served(), "the first sign of life found it out");
    assert_eq!(stage.store.epoch(), 1, "it was not taken back");
}

async fn quiet_call() -> (Stage, Call) {
    let mut stage = Stage::start().await;
    stage.agent_is_ready().await;
    let call = Call::begin(&mut stage).await;
    (stage, call)
}

/// Waits for so many: nothing else is stored in a quiet call. Time goes on by itself.
async fn signs_of_life(stage: &Stage, count: u32) {
    for _ in 0..count {
        stage.store.commit_begun().await;
    }
    settle().await;
}

async fn nothing_is_stored(stage: &mut Stage) {
    settle().await;
    stage.journal();
    tokio::time::advance(MINUTE).await;
    settle().await;
    assert_eq!(stage.journal(), [""; 0]);
}

/// Customer 1 and the agent talk.
struct Call {
    customer: LegId,
}

impl Call {
    async fn begin(stage: &mut Stage) -> Self {
        stage.input(request(1)).await.unwrap();
        let customer = stage.originated().await.0;
        stage.input(Input::Dialer(customer, DialEvent::Answered)).await.unwrap();
        stage.input(Input::Dialer(customer, DialEvent::Digit('1'))).await.unwrap();
        let agent = stage.originated().await.0;
        stage.input(Input::Accepted(AGENT, contact(1))).await.unwrap();
        stage.input(Input::Dialer(agent, DialEvent::Answered)).await.unwrap();
        assert_eq!(stage.phase(1).await, Phase::Talking);
        settle().await;
        // Those of before.
        stage.store.commit_begun().await;
        Self { customer }
    }

    async fn ends(self, stage: &Stage) {
        let ended = DialEvent::Ended { cause: LegCause::HungUp };
        stage.input(Input::Dialer(self.customer, ended)).await.unwrap();
        let wrap_up = WrapUp::default();
        let saved = Input::WrapUpSaved { agent: AGENT, contact: contact(1), wrap_up, done: true };
        stage.input(saved).await.unwrap();
    }
}
