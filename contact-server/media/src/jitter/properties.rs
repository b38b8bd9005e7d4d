//! What holds for the jitter buffer whatever comes.
use proptest::prelude::*;

use super::{tests::push, *};

proptest! {
    #[test]
    fn any_calls_with_any_values_are_answered_within_the_limits(calls in prop::collection::vec(any_call(), 1..400)) {
        let mut buffer = JitterBuffer::default();
        for call in calls {
            match call {
                Call::Push { sequence, timestamp, length, arrival_ms } => {
                    push(&mut buffer, sequence, timestamp, &vec![-1; length], arrival_ms);
                }
                Call::Pull { now_ms } => {
                    let pulled = buffer.pull(now_ms);
                    prop_assert_eq!(pulled.runs().map(|(_, range)| range.len()).sum::<usize>(), FRAME_SAMPLES);
                }
                Call::Restart => buffer.restart(),
            }
            prop_assert!(buffer.buffered_samples() <= MAX_BUFFERED_SAMPLES);
        }
    }

    #[test]
    fn whatever_the_network_does_voice_is_heard_in_order_and_at_most_once(
        fates in prop::collection::vec((0u64..120, any::<bool>(), 0u8..10), 50..200),
    ) {
        let mut buffer = JitterBuffer::default();
        let mut arrivals = Vec::new();
        for (i, &(late, twice, lost)) in fates.iter().enumerate() {
            let at = 5_000 + i as u64 * FRAME_MS + late;
            arrivals.extend((lost > 0).then_some((at, i)));
            arrivals.extend((twice && lost > 0).then_some((at + 7, i)));
        }
        arrivals.sort_unstable();
        let mut due = arrivals.into_iter().peekable();
        let mut position = i64::MIN;
        for tick in 0..fates.len() as u64 + 20 {
            let now = 5_000 + tick * FRAME_MS;
            while let Some((at, i)) = due.next_if(|&(at, _)| at <= now) {
                push(&mut buffer, i as u16, i as u32 * 160, &[500; 160], at);
            }
            buffer.pull(now);
            let next = buffer.session.as_ref().and_then(Session::position).unwrap_or(position);
            prop_assert!(next >= position, "{} after {}", next, position);
            position = next;
        }
    }
}

#[derive(Debug, Clone)]
enum Call {
    Push { sequence: u16, timestamp: u32, length: usize, arrival_ms: u64 },
    Pull { now_ms: u64 },
    Restart,
}

/// Wild values, and tame ones that get past the first checks.
fn any_call() -> impl Strategy<Value = Call> {
    let wild = (any::<u16>(), any::<u32>(), 0..1_000usize, any::<u64>()).prop_map(
        |(sequence, timestamp, length, arrival_ms)| Call::Push { sequence, timestamp, length, arrival_ms },
    );
    let tame =
        (0..400u16, 0..30u32, 1..320usize, 0..2_000u64).prop_map(|(sequence, jitter, length, late)| {
            Call::Push {
                sequence,
                timestamp: u32::from(sequence) * 160 + jitter,
                length,
                arrival_ms: u64::from(sequence) * 20 + late,
            }
        });
    prop_oneof![
        2 => wild,
        8 => tame,
        1 => any::<u64>().prop_map(|now_ms| Call::Pull { now_ms }),
        8 => (0..10_000u64).prop_map(|now_ms| Call::Pull { now_ms }),
        1 => Just(Call::Restart),
    ]
}
