//! Claims about one log.
use proptest::prelude::*;

use super::*;

const BUDGET: usize = 1_200;
const BATCH: usize = 60;

#[test]
fn viewer_who_comes_late_gets_the_keyframe_and_every_patch_since() {
    let mut log = StreamLog::new(BUDGET, Kept::default());
    feed(&mut log, &[(1, 0), (1, 1), (2, 0), (2, 1), (2, 2)]);
    assert_eq!(read_all(&log, &mut None), [(2, 0), (2, 1), (2, 2)]);
}

#[test]
fn viewer_goes_on_where_it_left_off_if_the_log_still_has_that() {
    let mut log = StreamLog::new(BUDGET, Kept::default());
    feed(&mut log, &[(1, 0), (1, 1), (1, 2)]);
    let at = Cursor { epoch: 1, seq: 2 };
    assert!(log.can_resume(at));
    assert_eq!(read_all(&log, &mut Some(at)), [(1, 2)]);
    for stranger in [Cursor { epoch: 1, seq: 9 }, Cursor { epoch: 7, seq: 1 }] {
        assert!(!log.can_resume(stranger));
        assert_eq!(read_all(&log, &mut Some(stranger)), [(1, 0), (1, 1), (1, 2)]);
    }
}

#[test]
fn hole_stops_the_stream_until_a_keyframe_comes_and_one_is_asked_for() {
    let mut log = StreamLog::new(BUDGET, Kept::default());
    feed(&mut log, &[(1, 0), (1, 2)]);
    assert_eq!(read_all(&log, &mut None), []);
    assert!(!log.has_keyframe());
    assert!(log.ask(Timestamp(0), false));
    assert!(!log.ask(Timestamp(29_999), false), "at most one in 30 s");
    assert!(!log.ask(Timestamp(29_999), true), "it is on its way");
    assert!(log.ask(Timestamp(30_000), false));
    feed(&mut log, &[(1, 3), (2, 0), (2, 1)]);
    assert_eq!(read_all(&log, &mut None), [(2, 0), (2, 1)]);
}

#[test]
fn patches_that_outweigh_their_keyframe_are_worth_a_new_one() {
    for keyframe in [1_000, RENEW_BYTES] {
        let mut log = StreamLog::new(usize::MAX, Kept::default());
        let take = |log: &mut StreamLog, kind, at, bytes| {
            assert_eq!(log.take(&kind, at, || Bytes::from(vec![0; bytes])), Ok(true));
        };
        take(&mut log, FrameKind::Keyframe, Cursor { epoch: 1, seq: 0 }, keyframe);
        let mut seq = 0;
        while !log.is_bulky() {
            seq += 1;
            take(&mut log, FrameKind::Patch, Cursor { epoch: 1, seq }, 1_000);
        }
        let patches = usize::try_from(seq).unwrap() * 1_000;
        assert!(patches + keyframe >= RENEW_BYTES - 20_000, "not before it is worth it: {patches}");
        assert!(patches + 40_000 >= (RENEW_TIMES - 1) * keyframe, "nor for a great page: {patches}");
        take(&mut log, FrameKind::Keyframe, Cursor { epoch: 2, seq: 0 }, keyframe);
        assert!(!log.is_bulky());
    }
}

#[test]
fn page_that_has_just_begun_is_not_asked_for_what_it_sends_anyway() {
    let mut log = StreamLog::new(BUDGET, Kept::default());
    assert!(!log.ask(Timestamp(0), true));
    feed(&mut log, &[(1, 0)]);
    log.clear();
    assert!(log.ask(Timestamp(0), true));
}

#[test]
fn past_the_budget_those_who_follow_go_on_and_others_wait_for_a_keyframe() {
    let mut log = StreamLog::new(BUDGET, Kept::default());
    let mut following = None;
    for seq in 0..60 {
        feed(&mut log, &[(1, seq)]);
        assert_eq!(read_all(&log, &mut following), [(1, seq)]);
    }
    assert!(log.share.bytes() <= BUDGET);
    assert!(!log.has_keyframe());
    assert_eq!(read_all(&log, &mut None), []);
    assert!(log.ask(Timestamp(0), true));
}

#[test]
fn epoch_never_comes_twice() {
    let mut log = StreamLog::new(BUDGET, Kept::default());
    feed(&mut log, &[(3, 0)]);
    for (epoch, seq) in [(3, 0), (2, 0), (4, 1)] {
        let taken = log.take(&FrameKind::Keyframe, Cursor { epoch, seq }, Bytes::new);
        assert_eq!(taken, Err(BadFrame), "{epoch} {seq}");
    }
}

#[test]
fn only_the_latest_pointer_is_told() {
    let mut log = StreamLog::new(BUDGET, Kept::default());
    feed(&mut log, &[(1, 0)]);
    for text in ["a", "b"] {
        assert_eq!(log.take(&FrameKind::Pointer, Cursor { epoch: 1, seq: 0 }, || text.into()), Ok(true));
    }
    let mut seen = 0;
    assert_eq!(log.pointer(&mut seen), Some(Bytes::from("b")));
    assert_eq!(log.pointer(&mut seen), None);
}

#[derive(Debug, Clone)]
enum Step {
    Keyframe,
    Patch,
    LostPatch,
    Read(usize),
}

proptest! {
    /// Whatever happens between a page and its viewers, a viewer who catches up has seen, since its last
    /// keyframe, every patch in order, up to the newest.
    #[test]
    fn drained_viewer_has_the_last_keyframe_and_contiguous_patches(
        steps in proptest::collection::vec(step(), 1..200),
    ) {
        let mut log = StreamLog::new(BUDGET, Kept::default());
        let (mut epoch, mut seq) = (0, 0);
        let mut viewers = [(); 3].map(|()| (None, Vec::new()));
        for step in steps {
            match step {
                Step::Keyframe => {
                    (epoch, seq) = (epoch + 1, 0);
                    feed(&mut log, &[(epoch, 0)]);
                }
                Step::Patch | Step::LostPatch => {
                    seq += 1;
                    if matches!(step, Step::Patch) {
                        feed(&mut log, &[(epoch, seq)]);
                    }
                }
                Step::Read(who) => {
                    let (cursor, seen) = &mut viewers[who];
                    let mut out = Vec::new();
                    log.read(cursor, BATCH, &mut out);
                    seen.extend(out.iter().map(decode));
                }
            }
            prop_assert!(log.share.bytes() <= BUDGET);
        }
        feed(&mut log, &[(epoch + 1, 0), (epoch + 1, 1), (epoch + 1, 2)]);
        for (mut cursor, mut seen) in viewers {
            seen.extend(read_all(&log, &mut cursor));
            prop_assert_eq!(seen.last(), Some(&(epoch + 1, 2)));
            for pair in seen.windows(2) {
                let follows = pair[1] == (pair[0].0, pair[0].1 + 1);
                let begins = pair[1].1 == 0 && pair[1].0 > pair[0].0;
                prop_assert!(follows || begins, "{:?}", pair);
            }
            prop_assert_eq!(seen[0].1, 0, "the first is a keyframe");
        }
    }
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => Just(Step::Keyframe),
        12 => Just(Step::Patch),
        1 => Just(Step::LostPatch),
        6 => (0_usize..3).prop_map(Step::Read),
    ]
}

/// Frames of 20 bytes that begin with their place.
fn feed(log: &mut StreamLog, frames: &[(u32, u32)]) {
    for &(epoch, seq) in frames {
        let kind = if seq == 0 { FrameKind::Keyframe } else { FrameKind::Patch };
        let taken = log.take(&kind, Cursor { epoch, seq }, || {
            let mut bytes = [epoch.to_le_bytes(), seq.to_le_bytes()].concat();
            bytes.resize(20, 0);
            bytes.into()
        });
        assert!(taken.is_ok());
    }
}

fn read_all(log: &StreamLog, cursor: &mut Option<Cursor>) -> Vec<(u32, u32)> {
    let mut out = Vec::new();
    while !log.read(cursor, BATCH, &mut out) {}
    out.iter().map(decode).collect()
}

fn decode(frame: &Bytes) -> (u32, u32) {
    let number = |at: usize| u32::from_le_bytes(frame[at..at + 4].try_into().unwrap());
    (number(0), number(4))
}
