//! What every dialer driver must do. `suite!(TheBench)` makes a test of each claim.
use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use async_trait::async_trait;
use contact_core::{
    DialCommand, DialEvent, Endpoint, Prompt,
    effect::{Action, JoinMode},
};
use contact_server::{dialer::LegEvent, ports::Dialer};
use shared::{BusinessId, ContactId, EffectId, LegId, contact::LegCause};
use tokio::time::timeout;

pub(crate) const BUSINESS: BusinessId = BusinessId(1);
/// A hung test ends; nothing is judged by it.
const HANG: Duration = Duration::from_secs(60);
const RING: Duration = Duration::from_secs(60);
const ROOM: ContactId = ContactId(5);
const LEG: LegId = LegId(0xA);
const OTHER: LegId = LegId(0xB);
/// Hertz: whole periods in 20 ms, and no harmonics of one another.
const LOW: f64 = 450.0;
const HIGH: f64 = 1_700.0;

pub(crate) const ORIGINATE: EffectId = EffectId(1);
pub(crate) const STOP: EffectId = EffectId(2);
const PLAY: EffectId = EffectId(3);
const JOIN: EffectId = EffectId(4);
const LEAVE: EffectId = EffectId(5);

/// A driver with an endpoint that it reaches.
#[async_trait]
pub(crate) trait Bench: Sized + Send {
    /// The far end of a leg that was answered. Hangs up by no means when dropped.
    type Far: Send;

    async fn start() -> Self;
    fn dialer(&self) -> &dyn Dialer;
    /// Rings, and answers when it is told to.
    fn endpoint(&self) -> Endpoint;
    async fn next(&mut self) -> LegEvent;
    /// The far end answers, and says a tone from then on.
    async fn answer_with(&mut self, leg: LegId, hz: f64) -> Self::Far;
    fn refuse(&mut self, leg: LegId);
    fn far_hangs_up(&mut self, leg: LegId);
    fn far_presses(&mut self, leg: LegId, digit: char);
    /// Waits until exactly these tones are heard, and none of `others`.
    async fn hears(far: &mut Self::Far, tones: &[f64], others: &[f64]);

    async fn answer(&mut self, leg: LegId) -> Self::Far {
        self.answer_with(leg, LOW).await
    }

    fn command(&self, leg: LegId, effect: EffectId, action: Action) {
        // Each leg has effects of its own.
        let effect = EffectId(effect.0 << 64 | leg.0);
        self.dialer().command(BUSINESS, DialCommand { effect, leg, action });
    }

    async fn event(&mut self) -> (LegId, DialEvent) {
        let event = timeout(HANG, self.next()).await.expect("an event within a minute");
        assert_eq!(event.business, BUSINESS);
        (event.leg, event.event)
    }

    /// A leg that is up, and its far end.
    async fn connect(&mut self, leg: LegId) -> Self::Far {
        self.connect_with(leg, LOW).await
    }

    async fn connect_with(&mut self, leg: LegId, hz: f64) -> Self::Far {
        originate(self, leg, self.endpoint(), ORIGINATE);
        let far = self.answer_with(leg, hz).await;
        until(self, leg, &DialEvent::Answered).await;
        far
    }
}

pub(crate) fn originate(bench: &impl Bench, leg: LegId, to: Endpoint, effect: EffectId) {
    ring_for(bench, leg, to, effect, RING);
}

fn ring_for(bench: &impl Bench, leg: LegId, to: Endpoint, effect: EffectId, ring: Duration) {
    bench.command(leg, effect, Action::Originate { to, caller_name: "Harbour & Pine".into(), ring });
}

/// Reads events until that one; returns those of the leg before it.
pub(crate) async fn until(bench: &mut impl Bench, leg: LegId, wanted: &DialEvent) -> Vec<DialEvent> {
    let mut before = Vec::new();
    loop {
        let (of, event) = bench.event().await;
        if of == leg && event == *wanted {
            return before;
        }
        assert!(before.len() < 100, "{wanted:?} never came; before it: {before:?}");
        if of == leg {
            before.push(event);
        }
    }
}

/// Asserts that nothing more was told of the leg: commands are answered in order, so an answer to this one
/// would come behind it.
async fn nothing_more_of(bench: &mut impl Bench, leg: LegId) {
    static WITNESSES: AtomicU64 = AtomicU64::new(0xFFFF);
    let witness = LegId(WITNESSES.fetch_add(1, Ordering::Relaxed).into());
    bench.command(witness, STOP, Action::Stop);
    loop {
        match bench.event().await {
            (of, DialEvent::Unknown) if of == witness => return,
            (of, event) => assert_ne!(of, leg, "{event:?} came"),
        }
    }
}

pub(crate) async fn answered_leg_rings_and_is_up(mut bench: impl Bench) {
    originate(&bench, LEG, bench.endpoint(), ORIGINATE);
    assert_eq!(bench.event().await, (LEG, DialEvent::Ringing));
    let _far = bench.answer(LEG).await;
    assert_eq!(bench.event().await, (LEG, DialEvent::Answered));
}

pub(crate) async fn leg_that_nobody_answers_fails_after_its_ring_time(mut bench: impl Bench) {
    ring_for(&bench, LEG, bench.endpoint(), ORIGINATE, Duration::from_millis(50));
    assert_eq!(bench.event().await, (LEG, DialEvent::Ringing));
    let (_, event) = bench.event().await;
    assert!(matches!(event, DialEvent::Failed { cause: LegCause::NoAnswer, .. }), "{event:?}");
    nothing_more_of(&mut bench, LEG).await;
}

pub(crate) async fn refused_leg_fails_as_rejected(mut bench: impl Bench) {
    originate(&bench, LEG, bench.endpoint(), ORIGINATE);
    assert_eq!(bench.event().await, (LEG, DialEvent::Ringing));
    bench.refuse(LEG);
    let (_, event) = bench.event().await;
    assert!(matches!(event, DialEvent::Failed { cause: LegCause::Rejected, .. }), "{event:?}");
    nothing_more_of(&mut bench, LEG).await;
}

pub(crate) async fn far_end_that_hangs_up_ends_the_leg_once(mut bench: impl Bench) {
    let _far = bench.connect(LEG).await;
    bench.far_hangs_up(LEG);
    assert_eq!(bench.event().await, (LEG, DialEvent::Ended { cause: LegCause::HungUp }));
    nothing_more_of(&mut bench, LEG).await;
}

pub(crate) async fn hanging_up_ends_the_leg_with_the_cause_that_was_given(mut bench: impl Bench) {
    let _far = bench.connect(LEG).await;
    bench.command(LEG, STOP, Action::HangUp { cause: LegCause::OtherSide });
    assert_eq!(bench.event().await, (LEG, DialEvent::Ended { cause: LegCause::OtherSide }));
}

pub(crate) async fn ringing_leg_can_be_hung_up(mut bench: impl Bench) {
    originate(&bench, LEG, bench.endpoint(), ORIGINATE);
    assert_eq!(bench.event().await, (LEG, DialEvent::Ringing));
    bench.command(LEG, STOP, Action::HangUp { cause: LegCause::Cancelled });
    assert_eq!(bench.event().await, (LEG, DialEvent::Ended { cause: LegCause::Cancelled }));
    nothing_more_of(&mut bench, LEG).await;
}

pub(crate) async fn hanging_up_what_is_down_is_answered_but_ends_nothing_again(mut bench: impl Bench) {
    let _far = bench.connect(LEG).await;
    bench.command(LEG, STOP, Action::HangUp { cause: LegCause::OtherSide });
    assert_eq!(bench.event().await, (LEG, DialEvent::Ended { cause: LegCause::OtherSide }));
    bench.command(LEG, EffectId(99), Action::HangUp { cause: LegCause::OtherSide });
    assert_eq!(bench.event().await, (LEG, DialEvent::Unknown));
}

pub(crate) async fn command_that_comes_twice_is_carried_out_once(mut bench: impl Bench) {
    originate(&bench, LEG, bench.endpoint(), ORIGINATE);
    originate(&bench, LEG, bench.endpoint(), ORIGINATE);
    assert_eq!(bench.event().await, (LEG, DialEvent::Ringing));
    nothing_more_of(&mut bench, LEG).await;
    bench.command(LEG, STOP, Action::HangUp { cause: LegCause::Cancelled });
    bench.command(LEG, STOP, Action::HangUp { cause: LegCause::Cancelled });
    assert_eq!(bench.event().await, (LEG, DialEvent::Ended { cause: LegCause::Cancelled }));
    nothing_more_of(&mut bench, LEG).await;
    originate(&bench, LEG, bench.endpoint(), ORIGINATE);
    nothing_more_of(&mut bench, LEG).await;
}

pub(crate) async fn leg_that_it_never_placed_is_unknown(mut bench: impl Bench) {
    bench.command(LEG, STOP, Action::HangUp { cause: LegCause::Interrupted });
    assert_eq!(bench.event().await, (LEG, DialEvent::Unknown));
}

pub(crate) async fn pressed_keys_arrive_in_order(mut bench: impl Bench) {
    let _far = bench.connect(LEG).await;
    for digit in ['1', '#'] {
        bench.far_presses(LEG, digit);
        assert_eq!(bench.event().await, (LEG, DialEvent::Digit(digit)));
    }
}

pub(crate) async fn keys_of_a_leg_that_only_rings_are_not_heard(mut bench: impl Bench) {
    originate(&bench, LEG, bench.endpoint(), ORIGINATE);
    assert_eq!(bench.event().await, (LEG, DialEvent::Ringing));
    bench.far_presses(LEG, '1');
    nothing_more_of(&mut bench, LEG).await;
}

pub(crate) async fn two_legs_in_a_room_hear_each_other_until_one_leaves<B: Bench>(mut bench: B) {
    let mut low = bench.connect_with(LEG, LOW).await;
    let mut high = bench.connect_with(OTHER, HIGH).await;
    for leg in [LEG, OTHER] {
        bench.command(leg, JOIN, Action::Join { room: ROOM, mode: JoinMode::Talk });
        assert_eq!(bench.event().await, (leg, DialEvent::Joined));
    }
    B::hears(&mut low, &[HIGH], &[LOW]).await;
    B::hears(&mut high, &[LOW], &[HIGH]).await;
    bench.command(OTHER, LEAVE, Action::Leave { room: ROOM });
    until(&mut bench, OTHER, &DialEvent::Left).await;
    B::hears(&mut low, &[], &[LOW, HIGH]).await;
}

pub(crate) async fn prompt_ends_once_and_a_repeated_one_does_not_end(mut bench: impl Bench) {
    let _far = bench.connect(LEG).await;
    bench.command(LEG, PLAY, Action::Play { prompt: Prompt::Hold, repeat: true });
    bench.command(LEG, STOP, Action::Stop);
    let once = EffectId(7);
    bench.command(LEG, once, Action::Play { prompt: Prompt::OptedOut, repeat: false });
    let effect = EffectId(once.0 << 64 | LEG.0);
    let before = until(&mut bench, LEG, &DialEvent::PlayEnded { effect }).await;
    assert_eq!(before, []);
}

macro_rules! suite {
    ($bench:ty) => {
        $crate::conformance::suite!(
            $bench:
            answered_leg_rings_and_is_up,
            leg_that_nobody_answers_fails_after_its_ring_time,
            refused_leg_fails_as_rejected,
            far_end_that_hangs_up_ends_the_leg_once,
            hanging_up_ends_the_leg_with_the_cause_that_was_given,
            ringing_leg_can_be_hung_up,
            hanging_up_what_is_down_is_answered_but_ends_nothing_again,
            command_that_comes_twice_is_carried_out_once,
            leg_that_it_never_placed_is_unknown,
            pressed_keys_arrive_in_order,
            keys_of_a_leg_that_only_rings_are_not_heard,
            two_legs_in_a_room_hear_each_other_until_one_leaves,
            prompt_ends_once_and_a_repeated_one_does_not_end,
        );
    };
    ($bench:ty: $($claim:ident),+ $(,)?) => {$(
        #[tokio::test]
        async fn $claim() {
            $crate::conformance::$claim(<$bench as $crate::conformance::Bench>::start().await).await;
        }
    )+};
}
pub(crate) use suite;
