//! One call, from the turn to the wrap-up.
use shared::{
    api::{Channel, Party},
    contact::{EndReason, LegCause, Phase, Presence},
};

use super::stage::{ADA, BOB, Stage, at_answer, number, request, seconds, settings};
use crate::{
    DialEvent, Endpoint, Input, Notice, Prompt,
    effect::{Action, JoinMode},
    record::Event,
};

#[test]
fn a_call_goes_customer_first_then_agent_then_bridge_then_wrap_up() {
    for settings in [settings(), at_answer()] {
        let mut stage = Stage::with_ada(settings);
        let contact = stage.request();
        assert_eq!(stage.dialled(), [Endpoint::Telephone(number(1))]);
        assert_eq!(stage.phase(contact), Phase::Calling);

        stage.customer(contact, DialEvent::Answered);
        let leg = stage.customer_leg(contact);
        assert_eq!(stage.actions(leg), [Action::Play { prompt: Prompt::Confirm, repeat: true }]);
        assert_eq!(stage.phase(contact), Phase::Confirming);

        stage.customer(contact, DialEvent::Digit('1'));
        assert_eq!(stage.actions(leg), [Action::Play { prompt: Prompt::Hold, repeat: true }]);
        assert_eq!(stage.dialled(), [Endpoint::Console(ADA)]);
        assert_eq!(stage.presence(ADA), Presence::Ringing);

        stage.must(Input::Accepted(ADA, contact));
        assert_eq!(stage.status(contact).agent.as_deref(), Some("Ada"));
        stage.agent(contact, DialEvent::Answered);
        let talk = Action::Join { room: contact, mode: JoinMode::Talk };
        assert_eq!(stage.actions(leg), [Action::Stop, talk.clone()]);
        assert_eq!(stage.dials.last().map(|command| command.action.clone()), Some(talk));
        assert_eq!(stage.phase(contact), Phase::Talking);

        stage.pass(seconds(60));
        stage.customer(contact, DialEvent::Ended { cause: LegCause::HungUp });
        assert_eq!(stage.reason(contact), Some(EndReason::Completed));
        assert_eq!(stage.presence(ADA), Presence::WrapUp);
        assert_eq!(stage.ledger.contacts[&contact].talked_ms, 60_000);

        stage.wrap_up(ADA, contact);
        assert_eq!(stage.presence(ADA), Presence::Ready);
        assert!(stage.ledger.contacts[&contact].closed);
        assert!(stage.ledger.legs.values().all(|leg| leg.ended_at.is_some() && leg.bridged_at.is_some()));
        assert_eq!(stage.ledger.wrap_ups[&contact].0.disposition, "sold");
    }
}

#[test]
fn voice_in_the_page_needs_no_key() {
    let mut stage = Stage::with_ada(settings());
    let mut request = request(1);
    request.channel = Channel::Browser;
    request.person.e164 = None;
    let contact = request.contact;
    stage.must(Input::Requested(Box::new(request)));
    assert_eq!(stage.dialled(), [Endpoint::Page(contact)]);
    stage.customer(contact, DialEvent::Answered);
    assert_eq!(stage.dialled(), [Endpoint::Console(ADA)]);
    stage.must(Input::Accepted(ADA, contact));
    stage.agent(contact, DialEvent::Answered);
    assert_eq!(stage.phase(contact), Phase::Talking);
}
