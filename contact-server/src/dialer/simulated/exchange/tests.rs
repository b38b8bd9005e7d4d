use std::sync::atomic::{AtomicU64, Ordering};

use contact_core::Prompt;

use super::*;

const BUSINESS: BusinessId = BusinessId(1);
const LEG: LegId = LegId(1);
const RING: Duration = Duration::from_secs(20);

#[test]
fn whisper_is_heard_by_the_console_alone() {
    let mut exchange = Exchange::new(connected());
    let ends = [
        (LegId(1), Endpoint::Page(ContactId(1)), JoinMode::Talk),
        (LegId(2), Endpoint::Console(shared::AgentId(1)), JoinMode::Talk),
        (LegId(3), Endpoint::Console(shared::AgentId(2)), JoinMode::Whisper),
        (LegId(4), Endpoint::Console(shared::AgentId(3)), JoinMode::Listen),
    ];
    for (leg, to, mode) in ends {
        originate(&mut exchange, leg, to.clone());
        assert!(exchange.offered(Duration::ZERO, BUSINESS, leg, &to));
        command(&mut exchange, leg, Action::Join { room: ContactId(1), mode });
    }
    let heard: Vec<_> = (1..=4).map(|leg| exchange.heard_by(LegId(leg))).collect();
    let (one, two, three) = (LegId(1), LegId(2), LegId(3));
    assert_eq!(heard, [vec![two], vec![one, three], vec![one, two], vec![one, two, three]]);
}

#[test]
fn stopped_prompt_does_not_end_later() {
    let mut exchange = Exchange::new(connected());
    originate(&mut exchange, LEG, Endpoint::Page(ContactId(1)));
    exchange.offered(Duration::ZERO, BUSINESS, LEG, &Endpoint::Page(ContactId(1)));
    command(&mut exchange, LEG, Action::Play { prompt: Prompt::Sorry, repeat: false });
    command(&mut exchange, LEG, Action::Stop);
    drop(told(&mut exchange));
    exchange.handle_timeout(Duration::from_secs(10));
    assert_eq!(told(&mut exchange), []);
}

#[test]
fn memory_stays_bounded_however_many_numbers_are_called() {
    let mut exchange = Exchange::new(Behaviour::default());
    for n in 0..NUMBERS + 10 {
        let leg = LegId(u128::try_from(n).unwrap());
        originate(&mut exchange, leg, Endpoint::Telephone(format!("+1212{n:07}")));
        command(&mut exchange, leg, Action::HangUp { cause: LegCause::Cancelled });
        drop(told(&mut exchange));
        exchange.handle_timeout(Duration::ZERO);
    }
    assert!(exchange.attempts.len() <= NUMBERS && exchange.legs.is_empty());
    exchange.handle_timeout(Duration::from_secs(3_600));
    assert!(exchange.due.is_empty(), "what was planned for legs that are down is forgotten in its time");
}

#[test]
fn legs_at_once_are_bounded() {
    let mut exchange = Exchange::new(connected());
    for n in 0..=LEGS {
        originate(&mut exchange, LegId(u128::try_from(n).unwrap()), Endpoint::Page(ContactId(1)));
    }
    assert_eq!(exchange.legs.len(), LEGS);
    let last = told(&mut exchange).pop();
    assert_eq!(last, Some(DialEvent::Failed { cause: LegCause::Failed, code: code::OVERLOADED }));
}

fn connected() -> Behaviour {
    Behaviour { browsers: Browsers::Connected, ..Behaviour::default() }
}

fn originate(exchange: &mut Exchange, leg: LegId, to: Endpoint) {
    command(exchange, leg, Action::Originate { to, caller_name: String::new(), ring: RING });
}

fn command(exchange: &mut Exchange, leg: LegId, action: Action) {
    static EFFECTS: AtomicU64 = AtomicU64::new(1);
    let effect = EffectId(EFFECTS.fetch_add(1, Ordering::Relaxed).into());
    exchange.command(Duration::ZERO, BUSINESS, DialCommand { effect, leg, action });
}

fn told(exchange: &mut Exchange) -> Vec<DialEvent> {
    let event = |out| if let Out::Event(event) = out { Some(event.event) } else { None };
    std::iter::from_fn(|| exchange.poll()).filter_map(event).collect()
}
