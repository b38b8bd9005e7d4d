use shared::{
    limits::RECORDING_ANSWER_BYTES,
    wire::recording::{Led, Missed, Told},
};

use super::{
    super::{marks::Kind, pieces::tests::part},
    *,
};

fn frame(at: u64, kind: FrameKind, epoch: u32, seq: u32) -> Vec<u8> {
    let frame =
        StreamFrame { order: at, document: DocumentId(epoch.into()), kind, epoch, seq, bytes: vec![] };
    let message = ServerToViewer::from(frame).encode();
    Recorded::from(Told { at: Timestamp(at), message }).encode()
}

fn missed(at: u64, why: Miss) -> Vec<u8> {
    Recorded::from(Missed { at: Timestamp(at), why }).encode()
}

fn led(at: u64, by: Option<&str>) -> Vec<u8> {
    Recorded::from(Led { at: Timestamp(at), by: by.map(str::to_owned) }).encode()
}

/// A piece each, too large for two in one; what is in them, and a reel that has none of it.
fn pieces_of(all: &[Vec<Vec<u8>>]) -> (Vec<Vec<u8>>, Reel) {
    let bytes: Vec<Vec<u8>> = all.iter().map(|entries| entries.concat()).collect();
    let at = |entry: &Vec<u8>| Recorded::split(entry).unwrap().0.at().unwrap().0;
    let spans: Vec<(u64, u64, usize)> = all
        .iter()
        .map(|entries| (at(&entries[0]), at(entries.last().unwrap()), RECORDING_ANSWER_BYTES))
        .collect();
    (bytes, Reel::of(&Recordings { parts: vec![part(1, &spans)], origins: vec![] }))
}

fn unread() -> (Vec<Vec<u8>>, Reel) {
    use FrameKind::{Keyframe, Patch};
    pieces_of(&[
        vec![frame(1_000, Keyframe, 1, 0), frame(1_500, Patch, 1, 1), led(2_000, Some("Ada"))],
        vec![missed(3_000, Miss::LeftOut), frame(9_000, Keyframe, 2, 0), led(9_500, None)],
        vec![frame(10_000, Patch, 2, 1)],
    ])
}

fn read() -> Reel {
    let (pieces, mut reel) = unread();
    for (index, bytes) in pieces.iter().enumerate() {
        reel.add(index, bytes);
    }
    reel
}

fn place(piece: usize, entry: usize) -> Place {
    Place { piece, entry }
}

#[test]
fn places_are_counted_from_the_beginning() {
    let reel = read();
    assert_eq!((reel.end(), reel.began()), (9_000, Some(Timestamp(1_000))));
    let places = [0, 499, 500, 8_999, 99_999].map(|at| reel.place_at(at).unwrap());
    assert_eq!(places, [place(0, 1), place(0, 1), place(0, 2), place(1, 3), place(2, 1)]);
    assert_eq!(
        [0, 1_000, 2_000, 9_000].map(|at| reel.next_after(at)),
        [Some(500), Some(2_000), Some(8_000), None]
    );
}

#[test]
fn every_way_begins_at_the_nearest_keyframe() {
    let reel = read();
    let way = |shown, at| {
        let Way { anew, from, to } = reel.way(shown, at).unwrap();
        (anew, from, to)
    };
    assert_eq!(way(place(0, 0), 0), (true, place(0, 0), place(0, 1)));
    assert_eq!(way(place(0, 1), 1_000), (false, place(0, 1), place(0, 3)), "on from what is shown");
    assert_eq!(
        way(place(0, 1), 9_000),
        (true, place(1, 1), place(2, 1)),
        "past another page: from its keyframe"
    );
    assert_eq!(way(place(2, 1), 500), (true, place(0, 0), place(0, 2)), "back");
    assert_eq!(way(place(2, 1), 8_500), (true, place(1, 1), place(1, 3)));
    assert_eq!(way(place(2, 1), 99), (true, place(0, 0), place(0, 1)));
    assert_eq!(way(place(1, 3), 99_999), (false, place(1, 3), place(2, 1)));
    assert_eq!(reel.steps(reel.way(place(0, 1), 9_000).unwrap()).count(), 3);
}

#[test]
fn gaps_and_control_last_from_one_mark_to_the_next() {
    let reel = read();
    let of = |mark: &Mark| (mark.kind.clone(), mark.at, mark.until);
    let marks: Vec<_> = reel.marks().iter().map(of).collect();
    assert_eq!(
        marks,
        [(Kind::Control("Ada".into()), 1_000, Some(8_500)), (Kind::Gap(Miss::LeftOut), 2_000, Some(8_000)),]
    );
    let places = [place(0, 1), place(0, 3), place(1, 1), place(1, 2), place(2, 1)];
    assert_eq!(places.map(|at| reel.missing_at(at)), [None, None, Some(Miss::LeftOut), None, None]);
}

#[test]
fn a_piece_that_is_damaged_counts_up_to_there_and_a_time_that_goes_back_does_not() {
    let (_, mut reel) = pieces_of(&[vec![frame(1_000, FrameKind::Keyframe, 1, 0), led(1_500, None)]]);
    let bytes = [
        frame(1_400, FrameKind::Keyframe, 1, 0),
        frame(500, FrameKind::Patch, 1, 1),
        frame(99_000, FrameKind::Patch, 1, 2),
        vec![1, 2, 3],
    ];
    reel.add(0, &bytes.concat());
    let times: Vec<u64> = reel.entries(0).unwrap().iter().map(|entry| entry.at).collect();
    assert_eq!(times, [400, 400, 500]);
}

#[test]
fn it_is_played_from_the_first_piece_and_a_place_loads_what_it_needs() {
    let (bytes, mut reel) = unread();
    assert_eq!(reel.want(place(0, 0), 0), Want::Piece(0));
    assert_eq!((reel.playable(0), reel.end(), reel.spans()), (0, 9_000, vec![]));
    reel.add(0, &bytes[0]);
    assert!(reel.way(place(0, 0), 1_200).is_ok());
    assert_eq!(reel.playable(500), 1_999, "up to the next piece");
    assert_eq!(reel.want(place(0, 1), 500), Want::Piece(1), "what comes next");
    // To the end, from there back to the keyframe, and nothing before that.
    assert_eq!(reel.way(place(0, 1), 9_000), Err(Needs(2)));
    assert_eq!(reel.want(place(0, 1), 9_000), Want::Piece(2));
    reel.add(2, &bytes[2]);
    assert_eq!(reel.spans(), [(0, 2_000), (9_000, 9_000)]);
    assert_eq!(reel.want(place(0, 1), 9_000), Want::Piece(1), "its keyframe is there");
    reel.add(1, &bytes[1]);
    assert_eq!(reel.way(place(0, 1), 9_000).unwrap().from, place(1, 1));
    assert_eq!((reel.want(place(2, 1), 9_000), reel.playable(0)), (Want::Nothing, 9_000));
    assert_eq!(reel.progress(), (3 * RECORDING_ANSWER_BYTES, 3 * RECORDING_ANSWER_BYTES));
}

/// A recording that is longer than what is kept: played through, and back again.
#[test]
fn what_is_kept_is_bounded_and_what_went_is_loaded_again() {
    let count = 3 * MOST_BYTES / RECORDING_ANSWER_BYTES;
    let all: Vec<_> = (0..u32::try_from(count).unwrap())
        .map(|n| vec![frame(u64::from(n) * 1_000, FrameKind::Keyframe, n, 0)])
        .collect();
    let (mut bytes, mut reel) = pieces_of(&all);
    bytes.last_mut().unwrap().extend(led(reel.end() + 1_000, Some("Ada")));
    let mut shown = Place::default();
    let mut loads = 0;
    for at in (0..reel.end()).step_by(500).chain([10_000]) {
        while let Want::Piece(piece) = reel.want(shown, at) {
            reel.add(piece, &bytes[piece]);
            loads += 1;
            assert!(reel.held <= MOST_BYTES);
        }
        assert_eq!(reel.marks().len(), 1, "its end is on the timeline before it is played");
        shown = reel.way(shown, at).expect("what it needs is here").to;
        assert!(reel.playable(at) > at);
    }
    assert!((count + 1..2 * count).contains(&loads), "{loads}");
    assert_eq!(shown, place(10, 1));
}

#[test]
fn a_place_that_needs_more_than_is_kept_is_said_to() {
    let count = MOST_BYTES / RECORDING_ANSWER_BYTES + 2;
    let all: Vec<_> = (0..u32::try_from(count).unwrap())
        .map(|n| vec![frame(u64::from(n) * 1_000, FrameKind::Patch, 1, n)])
        .collect();
    let (bytes, mut reel) = pieces_of(&all);
    let last = reel.end();
    let wanted = loop {
        match reel.want(Place::default(), last) {
            Want::Piece(piece) => reel.add(piece, &bytes[piece]),
            other @ (Want::Nothing | Want::TooMuch) => break other,
        }
    };
    assert_eq!(wanted, Want::TooMuch);
    assert_ne!(reel.want(Place::default(), 1_000), Want::TooMuch, "other places are");
}
