//! Pages of other origins within the page: whole streams in its frames, and forged ones.
use page_mirror::{
    codec::{FrameError, Section, part, seal},
    limits,
    record::{Recorder, media},
    replay::{
        ReplayError, Replica,
        ops::{Late, Part, op},
        urls::Origins,
    },
};
use proptest::prelude::*;

use crate::pictures::Batch;

/// Ids of a page with an html element that holds a box and a paragraph.
const BOX: u32 = 3;
const PARAGRAPH: u32 = 4;

/// A page with a box, as the first batch of a recorder.
fn page(text: &str) -> Recorder {
    let mut batch = Batch::default();
    batch.put(&[1, 1, 0]);
    batch.open("html", &[]);
    batch.open("ringside-box", &[("data-kind", "iframe"), ("data-size", "30x20")]);
    batch.put(&[0]);
    batch.open("p", &[]);
    batch.put(&[2, 0]);
    batch.string(text);
    batch.put(&[0, 0, 0]);
    let mut recorder = Recorder::new();
    recorder.begin();
    recorder.flush(&batch.numbers, &batch.text).unwrap();
    recorder
}

/// The keyframe of such a page.
fn keyframe(text: &str) -> Vec<u8> {
    seal(&page(text).take().unwrap().bytes, false)
}

/// A patch of such a page: other text in its paragraph.
fn patch(text: &str) -> Vec<u8> {
    let mut recorder = page("before");
    recorder.take();
    let mut batch = Batch::default();
    batch.put(&[5, PARAGRAPH + 1, 0]);
    batch.string(text);
    recorder.flush(&batch.numbers, &batch.text).unwrap();
    seal(&recorder.take().unwrap().bytes, false)
}

struct Shown {
    replica: Replica,
    seq: u32,
}

impl Shown {
    fn new() -> Self {
        let mut replica = Replica::new(Origins::default());
        replica.apply(true, 1, 0, &keyframe("around")).unwrap();
        replica.take_ops();
        replica.take_late();
        Self { replica, seq: 0 }
    }

    fn told(&mut self, sections: &[u8]) -> Result<Vec<Late>, ReplayError> {
        self.seq += 1;
        self.replica.apply(false, 1, self.seq, &seal(sections, false))?;
        Ok(self.replica.take_late())
    }

    /// What was done in the box.
    fn part(&mut self, sections: &[u8]) -> Part {
        let mut late = self.told(sections).unwrap();
        match (late.pop(), late.len()) {
            (Some(Late::Part { id: BOX, done }), 0) => done,
            other => panic!("{other:?}"),
        }
    }
}

fn first(text: &str) -> Vec<u8> {
    media::part(BOX, part::KEYFRAME, (1, 0), &keyframe(text))
}

#[test]
fn a_part_is_a_stream_of_its_own_within_the_page() {
    let mut shown = Shown::new();
    let done = shown.part(&first("inside"));
    assert_eq!(done.numbers.first(), Some(&op::CLEAR));
    assert!(done.text.contains("inside"));
    let done = shown.part(&media::part(BOX, part::PATCH, (1, 1), &patch("later")));
    assert!(done.text.contains("later") && done.numbers.first() == Some(&op::DATA));
    let size = shown.told(&media::part(BOX, part::SIZE, (40, 50), &[])).unwrap();
    assert_eq!(size, [Late::Box { id: BOX, width: 40, height: 50 }]);
    let ended = media::part(BOX, part::ENDED, (0, 0), &[]);
    assert_eq!(shown.told(&ended).unwrap(), [Late::PartEnded { id: BOX }]);
    assert_eq!(shown.told(&ended).unwrap(), [], "it is one already");
}

#[test]
fn another_page_in_the_frame_begins_anew_with_the_same_epoch() {
    let mut shown = Shown::new();
    shown.part(&first("one page"));
    assert!(shown.part(&first("another")).text.contains("another"));
}

#[test]
fn what_does_not_go_on_from_what_is_there_ends_the_part_alone() {
    let broken = seal(&[1, 200, 7], false);
    for (kind, at, frame) in [
        (part::PATCH, (1, 2), patch("a hole")),
        (part::PATCH, (2, 1), patch("another epoch")),
        (part::PATCH, (1, 1), broken.clone()),
        (part::KEYFRAME, (1, 0), broken.clone()),
        (part::KEYFRAME, (1, 0), Vec::new()),
    ] {
        let mut shown = Shown::new();
        shown.part(&first("inside"));
        let told = shown.told(&media::part(BOX, kind, at, &frame)).unwrap();
        assert_eq!(told, [Late::PartEnded { id: BOX }]);
        let after = media::part(BOX, part::PATCH, (1, 1), &patch("later"));
        assert_eq!(shown.told(&after).unwrap(), [], "there is nothing to go on from");
        shown.part(&first("once more"));
    }
}

#[test]
fn only_boxes_have_parts_and_they_end_with_their_box() {
    for id in [0, 1, 2, PARAGRAPH, PARAGRAPH + 1, 999] {
        let told = Shown::new().told(&media::part(id, part::KEYFRAME, (1, 0), &keyframe("x")));
        assert_eq!(told, Err(ReplayError::Frame(FrameError::Malformed)), "{id}");
    }
    let mut shown = Shown::new();
    shown.part(&first("inside"));
    let gone = shown.told(&[Section::Removed as u8, 3, 1, 6, 0]);
    assert!(gone.is_ok_and(|late| late.is_empty()), "the section removes the box");
    let after = shown.told(&media::part(BOX, part::PATCH, (1, 1), &patch("later")));
    assert_eq!(after, Err(ReplayError::Frame(FrameError::Malformed)));
}

#[test]
fn parts_lie_only_so_deep_in_each_other_and_are_only_so_many() {
    let nested = |depth: u32| {
        (0..depth).fold(Vec::new(), |inner: Vec<u8>, _| {
            let mut recorder = page("deep");
            if !inner.is_empty() {
                recorder.add(&media::part(BOX, part::KEYFRAME, (1, 0), &inner), 0);
            }
            seal(&recorder.take().unwrap().bytes, false)
        })
    };
    for depth in 1..6 {
        let mut shown = Shown::new();
        let mut done = shown.part(&media::part(BOX, part::KEYFRAME, (1, 0), &nested(depth)));
        let mut levels = 1;
        while let Some(Late::Part { done: inner, .. }) = done.late.pop() {
            levels += 1;
            done = inner;
        }
        assert_eq!(levels, depth.min(limits::PART_DEPTH - 1));
    }
}

#[test]
fn what_is_inflated_for_one_frame_is_bounded_for_all_parts_together() {
    // Sections that nobody knows, which inflate to a lot.
    let bomb = |bytes: usize| {
        let mut body = Vec::new();
        page_mirror::codec::bytes::put(&mut body, 9_999);
        page_mirror::codec::bytes::put(&mut body, bytes as u32);
        body.resize(body.len() + bytes, 0);
        seal(&miniz_oxide::deflate::compress_to_vec(&body, 6), true)
    };
    let one = bomb(limits::BODY_BYTES / 4);
    let mut shown = Shown::new();
    let section = media::part(BOX, part::KEYFRAME, (1, 0), &one);
    let told = shown.told(&section.repeat(12)).unwrap();
    let applied = told.iter().filter(|late| matches!(late, Late::Part { .. })).count();
    assert!((1..4).contains(&applied), "{applied}");
    assert!(matches!(told.last(), Some(Late::PartEnded { .. })));
    assert_eq!(shown.told(&section).unwrap().len(), 1, "the next frame has room of its own");
}

/// Hides what a page around has masked.
fn around(secrets: &[&str]) -> impl FnMut(&str) -> Option<String> {
    let mut known = page_mirror::mask::Secrets::default();
    secrets.iter().zip(1..).for_each(|(secret, field)| known.note(field, secret));
    move |text| Some(known.hide(text).into_owned())
}

#[test]
fn what_the_page_around_masks_is_hidden_in_what_a_part_says_at_every_depth() {
    let inner = keyframe("deep inside plum velocipede stands");
    let mut recorder = page("plum velocipede, 12-34-56 and Robin 77");
    recorder.add(&media::part(BOX, part::KEYFRAME, (1, 0), &inner), 0);
    let body = recorder.take().unwrap().bytes;
    let deflated = seal(&miniz_oxide::deflate::compress_to_vec(&body, 6), true);
    for frame in [seal(&body, false), deflated] {
        let mut hide = around(&["plum velocipede", "123456", "Robin 77"]);
        let shaded = page_mirror::parts::without(&frame, &mut hide).unwrap().into_owned();
        let mut shown = Shown::new();
        let mut done = shown.part(&media::part(BOX, part::KEYFRAME, (1, 0), &shaded));
        let inner = done
            .late
            .iter()
            .find_map(|late| if let Late::Part { done, .. } = late { Some(done.text.clone()) } else { None });
        let texts = [std::mem::take(&mut done.text), inner.unwrap()];
        assert!(texts[0].contains("**** **********, **-**-** and ***** **"), "{texts:?}");
        assert!(texts[1].contains("deep inside **** ********** stands"), "{texts:?}");
        let same = page_mirror::parts::without(&frame, &mut around(&["nothing of it"])).unwrap();
        assert_eq!(same, frame, "what hides nothing is passed on as it is");
        let mut texts = Vec::new();
        Section::Texts.wrap("\u{7}\u{0}Größe 77".as_bytes(), &mut texts);
        let frame = seal(&texts, false);
        let stars = page_mirror::parts::without(&frame, &mut around(&["Größe 77"])).unwrap();
        assert!(stars.ends_with(b"\x07\0******* **") && stars.len() == texts.len() + 2, "no length changes");
        let unknown = page_mirror::parts::without(&frame, &mut |_| None);
        assert_eq!(unknown, Err(FrameError::Malformed), "nothing before it is known what is masked");
    }
}

#[test]
fn numbers_that_two_strings_make_together_stay() {
    let frame = keyframe("4242 4242 4242");
    let mut together = |text: &str| Some(page_mirror::mask::numbers(text).into_owned());
    assert_eq!(page_mirror::parts::without(&frame, &mut together).unwrap(), frame);
}

proptest! {
    #[test]
    fn any_bytes_are_hidden_in_or_refused(frame: Vec<u8>, deflated: bool) {
        let mut hide = around(&["\u{0}\u{0}\u{0}\u{0}", "1111"]);
        for frame in [seal(&frame, deflated), media::part(BOX, part::PATCH, (1, 1), &frame), frame.clone()] {
            if let Ok(shaded) = page_mirror::parts::without(&frame, &mut hide) {
                prop_assert!(!shaded.windows(4).any(|window| window == b"1111") || shaded == frame);
            }
        }
    }

    #[test]
    fn any_bytes_are_a_part_or_none(kind in 0u32..6, at: (u32, u32), frame: Vec<u8>, after: bool) {
        let mut shown = Shown::new();
        if after {
            shown.part(&first("inside"));
        }
        let _ = shown.told(&media::part(BOX, kind, at, &frame));
        let _ = shown.told(&media::part(BOX, kind, at, &seal(&frame, false)));
    }
}
