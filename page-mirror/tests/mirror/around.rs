//! What is around the nodes: marks, selection, flags, and what the customer's browser prefers.

use crate::page::{Page, ROOT_ELEMENT};
use page_mirror::{
    codec::{FrameError, Section, bytes::put, mark, prefs, seal, state},
    limits,
    record::Recorder,
    replay::{ReplayError, Replica, ops::Late, urls::Origins},
};

#[test]
fn marks_and_selection_arrive_and_are_done_last() {
    let (mut recorder, mut replica, paragraph) = shown();
    recorder.mark(mark::HOVER, paragraph);
    recorder.mark(mark::FOCUS, 99_999);
    recorder.select(Some([paragraph, 0, paragraph, 1]));
    recorder.select(None);
    let late = late(&mut recorder, &mut replica);
    let none = Late::Select { anchor: 0, anchor_offset: 0, focus: 0, focus_offset: 0 };
    assert_eq!(
        late,
        [
            Late::Mark { page: 1, kind: mark::HOVER, id: paragraph },
            Late::Mark { page: 1, kind: mark::FOCUS, id: 0 },
            Late::Select { anchor: paragraph, anchor_offset: 0, focus: paragraph, focus_offset: 1 },
            none,
        ]
    );
}

#[test]
fn a_selection_in_a_field_does_not_leave_the_browser() {
    let mut page = Page::new();
    let field = page.element("input");
    page.insert(ROOT_ELEMENT, field, 0);
    let mut recorder = Recorder::new();
    page.keyframe(&mut recorder).unwrap();
    let mut replica = Replica::new(Origins::default());
    late(&mut recorder, &mut replica);
    recorder.select(Some([3, 0, 3, 12]));
    let none = Late::Select { anchor: 0, anchor_offset: 0, focus: 0, focus_offset: 0 };
    assert_eq!(late(&mut recorder, &mut replica), [none]);
}

#[test]
fn preferences_come_before_the_styles_that_ask_for_them() {
    let mut page = Page::new();
    let sheet = page.element("link");
    page.set(sheet, "media", Some("(prefers-color-scheme: dark)".into()));
    page.insert(ROOT_ELEMENT, sheet, 0);
    let mut recorder = Recorder::new();
    recorder.begin();
    page.keyframe(&mut recorder).unwrap();
    let plain = text(&mut recorder);
    assert!(plain.contains("(max-width:0)"), "{plain}");
    page.keyframe_with(&mut recorder, |recorder| recorder.prefs(prefs::DARK)).unwrap();
    let dark = text(&mut recorder);
    assert!(dark.contains("(min-width:0)"), "{dark}");
}

#[test]
fn what_is_forged_is_refused_or_passed_over() {
    let with = |section: Section, numbers: &[u32]| {
        let mut payload = Vec::new();
        numbers.iter().for_each(|number| put(&mut payload, *number));
        let mut body = Vec::new();
        section.wrap(&payload, &mut body);
        let (_, mut replica, paragraph) = shown();
        let applied = replica.apply(false, 1, 1, &seal(&body, false));
        (applied, replica.take_late(), paragraph)
    };
    for (section, numbers) in [
        (Section::Marks, &[mark::HOVER, 77][..]),
        (Section::Marks, &[mark::HOVER]),
        (Section::Selection, &[77, 0, 3, 0]),
        (Section::Selection, &[3, 0, 0, 0]),
        (Section::Selection, &[3, 0]),
        (Section::Marks, &[mark::FOCUS, 1]),
        (Section::Scrolls, &[4, 0, 2]),
        (Section::Prefs, &[]),
        (Section::States, &[1, 2, 0]),
    ] {
        let (applied, late, _) = with(section, numbers);
        assert!(matches!(applied, Err(ReplayError::Frame(_))), "{section:?} {numbers:?}: {applied:?}");
        assert_eq!(late, [Late::Clear], "nothing of it is done");
    }
    let (applied, late, _) = with(Section::Marks, &[4_000_000, 3, mark::ACTIVE, 3]);
    assert!(applied.is_ok(), "a kind of a later revision is passed over");
    assert_eq!(late, [Late::Mark { page: 1, kind: mark::ACTIVE, id: 3 }]);
    let endless = [mark::HOVER, 3].repeat(limits::CHANGES + 1);
    assert_eq!(with(Section::Marks, &endless).0, Err(ReplayError::Frame(FrameError::TooLarge)));
}

#[test]
fn of_flags_only_known_letters_get_through() {
    let (mut recorder, mut replica, paragraph) = shown();
    let text = "m<script>p";
    let length = u32::try_from(text.len()).unwrap();
    recorder.flush(&[6, paragraph, 0, state::FLAGS, length, 6, paragraph, 0, 77, 0], text).unwrap();
    let flags = Late::State { id: paragraph, kind: state::FLAGS, value: "mpi".into() };
    assert_eq!(late(&mut recorder, &mut replica), [flags]);
}

/// A page of one paragraph that a replica shows; the paragraph's id.
fn shown() -> (Recorder, Replica, u32) {
    let mut page = Page::new();
    let (paragraph, text) = (page.element("p"), page.text("text"));
    page.insert(ROOT_ELEMENT, paragraph, 0);
    page.insert(paragraph, text, 0);
    let (mut recorder, mut replica) = (Recorder::new(), Replica::new(Origins::default()));
    page.keyframe(&mut recorder).unwrap();
    assert_eq!(late(&mut recorder, &mut replica), [Late::Clear]);
    (recorder, replica, 3)
}

fn late(recorder: &mut Recorder, replica: &mut Replica) -> Vec<Late> {
    let body = recorder.take().unwrap();
    replica.apply(body.keyframe, body.epoch, body.seq, &seal(&body.bytes, false)).unwrap();
    replica.take_late()
}

fn text(recorder: &mut Recorder) -> String {
    let body = recorder.take().unwrap();
    let mut replica = Replica::new(Origins::default());
    replica.apply(body.keyframe, body.epoch, body.seq, &seal(&body.bytes, false)).unwrap();
    replica.take_ops().1
}
