//! A call is up, and nobody does anything in it.
use contact_core::DialEvent;
use shared::{LegId, api::WrapUp, contact::LegCause};

use super::*;

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn quiet_call_is_stored_at_a_bounded_pace_and_an_idle_business_stores_nothing() {
    let mut stage = Stage::start().await;
    stage.agent_is_ready().await;
    assert_eq!(commits_of_a_minute(&mut stage).await, 0, "nobody is called");
    let call = Call::begin(&mut stage).await;
    assert_eq!(commits_of_a_minute(&mut stage).await, 12);
    call.ends(&stage).await;
    assert_eq!(commits_of_a_minute(&mut stage).await, 0, "it is over");
}

#[tokio::test(start_paused = true)]
async fn call_of_a_server_that_went_away_is_as_long_as_the_server_lived() {
    let mut stage = Stage::start().await;
    stage.agent_is_ready().await;
    Call::begin(&mut stage).await;
    tokio::time::sleep(13 * MINUTE + Duration::from_secs(3)).await;
    let stage = stage.restart().await;
    let today = stage.engines.console(BUSINESS, AGENT).await.unwrap().unwrap().today;
    assert_eq!((today.calls, today.talk_seconds), (1, 13 * 60));
}

/// A commit that fails throws the `Center` away, and with it every call: not for this.
#[tokio::test(start_paused = true)]
async fn disk_that_fails_while_nobody_needs_it_cuts_no_call_off() {
    let mut stage = Stage::start().await;
    stage.agent_is_ready().await;
    let call = Call::begin(&mut stage).await;
    stage.store.fail_commits(6);
    tokio::time::sleep(MINUTE).await;
    assert_eq!((stage.phase(1).await, stage.store.epoch()), (Phase::Talking, 1));
    call.ends(&stage).await;
    assert_eq!(stage.store.epoch(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_decided_beside_a_sign_of_life_fails_as_ever() {
    let mut stage = Stage::start().await;
    stage.agent_is_ready().await;
    Call::begin(&mut stage).await;
    stage.store.hold();
    stage.store.fail_commits(1);
    let asked = stage.ask(request(2));
    stage.store.commit_begun().await;
    tokio::time::sleep(Duration::from_secs(6)).await;
    stage.store.release();
    assert_eq!(asked.await.unwrap(), Err(EngineError::Unavailable));
    stage.until_served().await;
    assert_eq!(stage.store.epoch(), 2);
}

#[tokio::test(start_paused = true)]
async fn business_that_was_taken_over_during_a_quiet_call_is_left_alone() {
    let mut stage = Stage::start().await;
    stage.agent_is_ready().await;
    Call::begin(&mut stage).await;
    assert!(stage.engines.are_all_served());
    stage.store.fail_next(StoreFailure::Fenced);
    tokio::time::sleep(MINUTE).await;
    assert!(!stage.engines.are_all_served(), "the first sign of life found it out");
    assert_eq!(stage.store.epoch(), 1, "it was not taken back");
}

async fn commits_of_a_minute(stage: &mut Stage) -> usize {
    settle().await;
    stage.journal();
    tokio::time::sleep(MINUTE + Duration::from_secs(1)).await;
    stage.journal().iter().filter(|line| *line == "committed").count()
}

/// Customer 1 and the agent talk.
struct Call {
    customer: LegId,
}

impl Call {
    async fn begin(stage: &mut Stage) -> Self {
        stage.input(request(1)).await.unwrap();
        let customer = next_leg(stage).await;
        stage.input(Input::Dialer(customer, DialEvent::Answered)).await.unwrap();
        stage.input(Input::Dialer(customer, DialEvent::Digit('1'))).await.unwrap();
        let agent = next_leg(stage).await;
        stage.input(Input::Accepted(AGENT, contact(1))).await.unwrap();
        stage.input(Input::Dialer(agent, DialEvent::Answered)).await.unwrap();
        assert_eq!(stage.phase(1).await, Phase::Talking);
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

async fn next_leg(stage: &mut Stage) -> LegId {
    loop {
        let command = stage.dials.recv().await.unwrap();
        if let Action::Originate { .. } = command.action {
            return command.leg;
        }
    }
}
