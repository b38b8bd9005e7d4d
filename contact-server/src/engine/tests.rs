//! The engine with a real `Center`, over a store that can be held back, fail, and remembers the order.
use std::{sync::Arc, time::Duration};

use contact_core::{DialCommand, Endpoint, effect::Action, input::Requested};
use futures_util::future::join_all;
use shared::{
    Timestamp,
    api::Channel,
    contact::{Phase, Presence},
};
use tokio::sync::mpsc;

use super::*;

mod life;
mod support;
use support::*;

#[tokio::test(start_paused = true)]
async fn nothing_leaves_before_the_commit_of_what_caused_it() {
    let mut stage = Stage::start().await;
    stage.store.hold();
    let asked = stage.ask(request(1));
    stage.store.commit_begun().await;
    settle().await;
    assert!(!asked.is_finished(), "no answer yet");
    assert_eq!(stage.journal(), ["commit begins"]);

    stage.store.release();
    assert_eq!(asked.await.unwrap(), Ok(()));
    let journal = stage.journal();
    assert_eq!(journal[0], "committed");
    assert!(journal.contains(&"told customer".to_owned()), "{journal:?}");
}

#[tokio::test(start_paused = true)]
async fn dial_leaves_after_the_commit_of_its_intent() {
    let mut stage = Stage::start().await;
    stage.agent_is_ready().await;
    stage.journal();
    stage.store.hold();
    let asked = stage.ask(request(1));
    stage.store.commit_begun().await;
    settle().await;
    assert_eq!(stage.journal(), ["commit begins"]);
    assert!(stage.dials.try_recv().is_err());
    stage.store.release();
    asked.await.unwrap().unwrap();
    assert!(matches!(stage.dialled().await, Endpoint::Telephone(_)));
}

#[tokio::test(start_paused = true)]
async fn inputs_that_come_during_a_commit_share_the_next_one() {
    let mut stage = Stage::start().await;
    stage.store.hold();
    let first = stage.ask(request(1));
    stage.store.commit_begun().await;
    let others: Vec<_> = (2..=50).map(|n| stage.ask(request(n))).collect();
    settle().await;
    stage.store.release();
    first.await.unwrap().unwrap();
    for verdict in join_all(others).await {
        verdict.unwrap().unwrap();
    }
    let commits = stage.journal().iter().filter(|line| *line == "committed").count();
    assert_eq!(commits, 2, "one for the first, one for all that gathered");
}

#[tokio::test(start_paused = true)]
async fn failed_commit_leaves_no_trace_and_the_business_goes_on() {
    let mut stage = Stage::start().await;
    stage.store.fail_next(StoreFailure::Database);
    assert_eq!(stage.input(request(1)).await, Err(EngineError::Unavailable));
    let harmless = ["commit begins", "consoles called back"];
    let journal = stage.journal();
    assert!(journal.iter().all(|line| harmless.contains(&line.as_str())), "told or dialled: {journal:?}");
    stage.until_served().await;
    assert_eq!(stage.engines.customer(BUSINESS, contact(1)).await, Ok(None));
    assert_eq!(stage.input(request(1)).await, Ok(()), "the same request is taken when it comes again");
    assert_eq!(stage.store.epoch(), 2, "rebuilt under a new epoch");
}

#[tokio::test(start_paused = true)]
async fn consoles_that_stayed_connected_over_a_failed_commit_sign_in_again() {
    let mut stage = Stage::start().await;
    stage.agent_is_ready().await;
    stage.journal();
    stage.store.fail_next(StoreFailure::Database);
    assert_eq!(stage.input(request(1)).await, Err(EngineError::Unavailable));
    stage.until_served().await;
    settle().await;
    assert!(stage.journal().contains(&"consoles called back".to_owned()));
    stage.agent_is_ready().await;
    stage.input(request(1)).await.unwrap();
    assert!(matches!(stage.dialled().await, Endpoint::Telephone(_)));
}

#[tokio::test(start_paused = true)]
async fn what_was_decided_upon_a_failed_commit_fails_with_it() {
    let stage = Stage::start().await;
    stage.store.hold();
    stage.store.fail_next(StoreFailure::Database);
    let first = stage.ask(request(1));
    stage.store.commit_begun().await;
    let second = stage.ask(request(2));
    let replay = stage.ask(request(1));
    let looked = tokio::spawn({
        let engines = stage.engines.clone();
        async move { engines.customer(BUSINESS, contact(1)).await }
    });
    settle().await;
    assert!(!replay.is_finished(), "that the request came before is not on disk yet");
    stage.store.release();
    for lost in [first, second, replay] {
        assert_eq!(lost.await.unwrap(), Err(EngineError::Unavailable));
    }
    assert_eq!(looked.await.unwrap(), Err(EngineError::Unavailable));
}

#[tokio::test(start_paused = true)]
async fn replayed_request_is_recognised() {
    let stage = Stage::start().await;
    stage.input(request(1)).await.unwrap();
    let refusal = stage.input(request(1)).await.unwrap_err();
    assert_eq!(refusal, EngineError::Refused(contact_core::Refusal::AcceptedBefore(contact(1))));
}

#[tokio::test(start_paused = true)]
async fn business_that_another_process_owns_is_left_alone() {
    let stage = Stage::start().await;
    stage.store.fail_next(StoreFailure::Fenced);
    assert_eq!(stage.input(request(1)).await, Err(EngineError::Unavailable));
    settle().await;
    assert_eq!(stage.input(request(1)).await, Err(EngineError::Unavailable));
    assert_eq!(stage.store.epoch(), 1, "it was not taken back");
}

#[tokio::test(start_paused = true)]
async fn store_that_is_away_for_a_while_is_asked_again() {
    let stage = Stage::start().await;
    stage.store.fail_next(StoreFailure::Database);
    stage.store.fail_loads(3);
    assert_eq!(stage.input(request(1)).await, Err(EngineError::Unavailable));
    stage.until_served().await;
    assert_eq!(stage.input(request(1)).await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn commit_that_never_ends_counts_as_failed() {
    let stage = Stage::start().await;
    stage.store.hold();
    let asked = stage.ask(request(1));
    // Paused time runs on by itself once nothing else can happen.
    assert_eq!(asked.await.unwrap(), Err(EngineError::Unavailable));
    stage.store.release();
    stage.until_served().await;
}

#[tokio::test(start_paused = true)]
async fn restarted_engine_calls_whom_the_former_promised_to_call() {
    let stage = Stage::start().await;
    stage.input(request(1)).await.unwrap();
    let mut stage = stage.restart().await;
    stage.agent_is_ready().await;
    assert!(matches!(stage.dialled().await, Endpoint::Telephone(_)));
    assert_eq!(stage.phase(1).await, Phase::Calling);
    stage.dials.close();
}

/// Drivers are told to hang up what was cut off, and answer at once: a number stays taken until they are heard.
#[tokio::test(start_paused = true)]
async fn what_drivers_say_while_a_business_is_rebuilt_is_heard() {
    let mut stage = Stage::start().await;
    stage.agent_is_ready().await;
    stage.input(request(1)).await.unwrap();
    stage.dialled().await;
    stage.engines.stop().await;
    stage.store.hold();
    let engines = stage.engines.clone();
    let start = tokio::spawn(async move { engines.start(BUSINESS).await });
    stage.store.commit_begun().await;
    settle().await;
    stage.engines.post(BUSINESS, request(2)).await;
    stage.store.release();
    start.await.unwrap().unwrap();
    assert_eq!(stage.phase(2).await, Phase::Waiting);
}

#[tokio::test(start_paused = true)]
async fn what_drivers_say_while_a_business_is_rebuilt_after_a_failed_commit_is_heard() {
    let stage = Stage::start().await;
    stage.store.fail_next(StoreFailure::Database);
    stage.store.fail_loads(3);
    assert_eq!(stage.input(request(1)).await, Err(EngineError::Unavailable));
    stage.engines.post(BUSINESS, request(2)).await;
    assert_eq!(stage.input(request(3)).await, Err(EngineError::Unavailable), "nobody serves it yet");
    stage.engines.post(BUSINESS, request(4)).await;
    stage.engines.post(BUSINESS, Input::Cancelled(contact(4))).await;
    stage.until_served().await;
    assert_eq!(stage.phase(2).await, Phase::Waiting);
    assert_eq!(stage.phase(4).await, Phase::Ended, "in their order");
    assert_eq!(stage.engines.customer(BUSINESS, contact(3)).await, Ok(None), "who was told no was not heard");
}

/// The driver does not say it again.
#[tokio::test(start_paused = true)]
async fn what_drivers_said_and_was_not_committed_is_heard_again() {
    let stage = Stage::start().await;
    stage.store.hold();
    stage.engines.post(BUSINESS, request(1)).await;
    stage.store.commit_begun().await;
    let asked = stage.ask(request(2));
    stage.engines.post(BUSINESS, request(3)).await;
    settle().await;
    stage.store.fail_next(StoreFailure::Database);
    stage.store.release();
    assert_eq!(asked.await.unwrap(), Err(EngineError::Unavailable));
    stage.until_served().await;
    assert_eq!(stage.phase(1).await, Phase::Waiting, "in the commit that failed");
    assert_eq!(stage.phase(3).await, Phase::Waiting, "decided upon it");
    assert_eq!(stage.engines.customer(BUSINESS, contact(2)).await, Ok(None));
    let stage = stage.restart().await;
    assert_eq!(stage.phase(3).await, Phase::Waiting, "on disk by now");
}

#[tokio::test(start_paused = true)]
async fn what_was_said_and_can_never_be_stored_keeps_nobody_out_for_ever() {
    for (failing, is_stored) in [(owner::TRIES - 1, true), (owner::TRIES, false)] {
        let stage = Stage::start().await;
        stage.store.fail_commits(failing);
        stage.engines.post(BUSINESS, request(1)).await;
        while stage.input(request(2)).await.is_err() {
            stage.until_served().await;
        }
        let stored = stage.engines.customer(BUSINESS, contact(1)).await.unwrap().is_some();
        assert_eq!(stored, is_stored, "after {failing} commits that failed");
    }
}

#[tokio::test(start_paused = true)]
async fn scheduled_call_is_made_when_its_time_has_come() {
    let mut stage = Stage::start().await;
    stage.agent_is_ready().await;
    let hour = Duration::from_secs(3_600);
    let due = Some((stage.clock.now() + hour, stage.clock.now() + 2 * hour));
    stage.input(Input::Requested(Box::new(Requested { due, ..requested(1) }))).await.unwrap();
    assert_eq!(stage.phase(1).await, Phase::Scheduled);
    let asked_at = stage.clock.now();
    stage.dialled().await;
    assert!(stage.clock.now().since(asked_at) >= hour);
}

#[tokio::test(start_paused = true)]
async fn full_inbox_is_answered_at_once() {
    let stage = Stage::start().await;
    stage.store.hold();
    let crowd: Vec<_> = (0..20_000).map(|n| stage.ask(request(n))).collect();
    stage.store.commit_begun().await;
    settle().await;
    let turned_away = crowd.iter().filter(|asked| asked.is_finished()).count();
    assert!(turned_away > 10_000, "{turned_away} were told at once");
    stage.store.release();
    let served =
        join_all(crowd).await.into_iter().filter(|verdict| *verdict.as_ref().unwrap() == Ok(())).count();
    assert!(served >= INBOX, "{served} were served");
}

#[tokio::test(start_paused = true)]
async fn shutdown_brings_to_disk_what_was_taken() {
    let mut stage = Stage::start().await;
    stage.store.hold();
    let asked: Vec<_> = (1..=20).map(|n| stage.ask(request(n))).collect();
    stage.store.commit_begun().await;
    settle().await;
    let stop = tokio::spawn({
        let engines = stage.engines.clone();
        async move { engines.stop().await }
    });
    settle().await;
    assert!(!stop.is_finished());
    stage.store.release();
    stop.await.unwrap();
    for verdict in join_all(asked).await {
        verdict.unwrap().unwrap();
    }
    assert_eq!(stage.store.open_contacts(), 20);
    assert_eq!(stage.input(request(21)).await, Err(EngineError::NoSuchBusiness));
    stage.journal();
}

#[tokio::test(start_paused = true)]
async fn snapshot_holds_what_was_told_before_it() {
    let stage = Stage::start().await;
    stage.store.hold();
    let asked = stage.ask(request(1));
    stage.store.commit_begun().await;
    let looked = tokio::spawn({
        let engines = stage.engines.clone();
        async move { engines.customer(BUSINESS, contact(1)).await }
    });
    settle().await;
    assert!(!looked.is_finished());
    stage.store.release();
    asked.await.unwrap().unwrap();
    assert_eq!(looked.await.unwrap().unwrap().unwrap().status.phase, Phase::Waiting);

    stage.agent_is_ready().await;
    let console = stage.engines.console(BUSINESS, AGENT).await.unwrap().unwrap();
    assert_eq!(console.state.presence, Presence::Reserved);
    assert_eq!(console.shown.unwrap().contact, contact(1));
    assert_eq!(stage.engines.console(BUSINESS, AgentId(99)).await, Ok(None));
}

#[tokio::test(start_paused = true)]
async fn clock_is_not_behind_what_is_stored() {
    let stage = Stage::start().await;
    let future = stage.clock.now() + Duration::from_secs(86_400);
    stage.store.has_seen(future);
    let stage = stage.restart().await;
    assert!(stage.clock.now() >= future);
}

#[tokio::test(start_paused = true)]
async fn posted_inputs_keep_their_order() {
    let stage = Stage::start().await;
    stage.engines.post(BUSINESS, request(1)).await;
    stage.engines.post(BUSINESS, Input::Cancelled(contact(1))).await;
    assert_eq!(stage.phase(1).await, Phase::Ended);
}
