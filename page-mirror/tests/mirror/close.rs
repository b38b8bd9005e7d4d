//! What is seen close up: carets, zoom, states, and what happens in frames and shadow roots.

use crate::{
    page::{Page, ROOT_ELEMENT},
    pictures::Batch,
};
use page_mirror::{
    codec::{
        FrameError, Section,
        bytes::put,
        close::{Caret, Zoom, is_state},
        mark, seal,
    },
    limits,
    record::{Recorder, close},
    replay::{ReplayError, Replica, ops::Late, urls::Origins},
    tree::ROOT,
};

/// Ids of the page below: html, a field, a paragraph, its text, a frame, its document, an element there and its text.
const FIELD: u32 = 3;
const PARAGRAPH: u32 = 4;
const TEXT: u32 = 5;
const FRAME: u32 = 6;
const INSIDE: u32 = 7;
const INNER: u32 = 8;
const INNER_TEXT: u32 = 9;

#[test]
fn what_is_seen_close_up_arrives() {
    let caret = Caret { id: FIELD, start: 2, end: 5, backward: true, scroll: [7, 0] };
    let zoom = Zoom { scale: 200, left: 10, top: 20, width: 320, height: 240 };
    let ends = [TEXT, 1, TEXT, 3];
    let inner = [INNER_TEXT, 4, INNER_TEXT, 0];
    let sections = [
        close::caret(caret),
        close::caret(Caret::default()),
        close::within(ROOT, Some(ends)),
        close::within(INSIDE, Some(inner)),
        close::within(INSIDE, None),
        close::mark(INSIDE, mark::HOVER, INNER),
        close::mark(INSIDE, mark::HOVER, 0),
        close::mark(ROOT, mark::ACTIVE, FRAME),
        close::zoom(zoom),
        close::custom(PARAGRAPH, "on busy-now"),
    ];
    assert_eq!(
        told(&sections.concat()).unwrap(),
        [
            Late::Caret(caret),
            Late::Caret(Caret::default()),
            Late::Within { page: ROOT, ends: Some(ends) },
            Late::Within { page: INSIDE, ends: Some(inner) },
            Late::Within { page: INSIDE, ends: None },
            Late::Mark { page: INSIDE, kind: mark::HOVER, id: INNER },
            Late::Mark { page: INSIDE, kind: mark::HOVER, id: 0 },
            Late::Mark { page: ROOT, kind: mark::ACTIVE, id: FRAME },
            Late::Zoom(zoom),
            Late::Custom { id: PARAGRAPH, states: "on busy-now".into() },
        ]
    );
}

/// Where the caret is tells how long a value is.
#[test]
fn a_caret_in_a_masked_field_does_not_leave_the_browser() {
    for hints in
        [[("type", "password")], [("autocomplete", "cc-number")], [("name", "pin")], [("type", "hidden")]]
    {
        let mut recorder = Recorder::new();
        assert_eq!(with_field(&mut recorder, &hints), 0, "{hints:?}");
    }
    let mut recorder = Recorder::new();
    assert!(with_field(&mut recorder, &[("name", "city")]) > 0);
    let mut recorder = Recorder::new();
    recorder.unmask();
    assert!(with_field(&mut recorder, &[("type", "password")]) > 0, "nothing is masked");
}

#[test]
fn a_field_that_was_masked_once_tells_nothing_later() {
    let mut page = Page::new();
    let field = page.element("input");
    page.set(field, "name", Some("card".into()));
    page.insert(ROOT_ELEMENT, field, 0);
    let mut recorder = Recorder::new();
    page.keyframe(&mut recorder).unwrap();
    recorder.take().unwrap();
    page.set(field, "name", Some("city".into()));
    page.flush(&mut recorder).unwrap();
    recorder.take();
    recorder.add(&close::caret(Caret { id: FIELD, start: 3, end: 3, ..Caret::default() }), FIELD);
    assert_eq!(recorder.take(), None);
}

#[test]
fn what_is_forged_is_refused_or_passed_over() {
    let wrap = |section: Section, numbers: &[u32]| {
        let (mut payload, mut body) = (Vec::new(), Vec::new());
        numbers.iter().for_each(|number| put(&mut payload, *number));
        section.wrap(&payload, &mut body);
        told(&body)
    };
    for (section, numbers) in [
        (Section::Caret, &[PARAGRAPH, 0, 0, 0, 0, 0][..]),
        (Section::Caret, &[TEXT, 0, 0, 0, 0, 0]),
        (Section::Caret, &[99, 0, 0, 0, 0, 0]),
        (Section::Caret, &[FIELD, 0, 0, 0, 0]),
        (Section::Caret, &[FIELD, 0, 0, 0, u32::MAX, 0]),
        (Section::Within, &[ROOT, INNER_TEXT, 0, INNER_TEXT, 1]),
        (Section::Within, &[INSIDE, TEXT, 0, TEXT, 1]),
        (Section::Within, &[INSIDE, INNER_TEXT, 0, 0, 1]),
        (Section::Within, &[PARAGRAPH, TEXT, 0, TEXT, 1]),
        (Section::Within, &[FRAME, 0, 0, 0, 0]),
        (Section::Within, &[99, 0, 0, 0, 0]),
        (Section::PageMarks, &[INSIDE, mark::HOVER, PARAGRAPH]),
        (Section::PageMarks, &[ROOT, mark::HOVER, INNER]),
        (Section::PageMarks, &[INSIDE, mark::HOVER, INNER_TEXT]),
        (Section::PageMarks, &[FRAME, mark::HOVER, 0]),
        (Section::PageMarks, &[INSIDE, mark::HOVER]),
        (Section::Zoom, &[200, 0, 0, 0]),
        (Section::Zoom, &[u32::MAX, 0, 0, 0, 0]),
        (Section::Custom, &[TEXT, 0]),
        (Section::Custom, &[PARAGRAPH, 5]),
        (Section::Custom, &[PARAGRAPH, u32::MAX]),
    ] {
        let refused = wrap(section, numbers);
        assert!(matches!(refused, Err(ReplayError::Frame(_))), "{section:?} {numbers:?}: {refused:?}");
    }
    assert_eq!(wrap(Section::PageMarks, &[INSIDE, 4_000_000, INNER]).unwrap(), [], "of a later revision");
    let endless = [FIELD, 0, 0, 0, 0, 0].repeat(limits::CHANGES + 1);
    assert_eq!(wrap(Section::Caret, &endless), Err(ReplayError::Frame(FrameError::TooLarge)));
}

#[test]
fn only_names_are_states() {
    let long = "a".repeat(limits::STATE_BYTES + 1);
    for state in ["", "a]", "a\"", "a b", "ä", "a{", &long] {
        assert!(!is_state(state), "{state}");
    }
    let given = format!("on ] <script> {long} busy-now \u{e4}");
    let late = told(&close::custom(PARAGRAPH, &given)).unwrap();
    assert_eq!(late, [Late::Custom { id: PARAGRAPH, states: "on busy-now".into() }]);
    let many: Vec<_> = (0..30).map(|at| format!("s{at}")).collect();
    let late = told(&close::custom(PARAGRAPH, &many.join(" "))).unwrap();
    let some = many[..limits::STATES].join(" ");
    assert_eq!(late, [Late::Custom { id: PARAGRAPH, states: some }]);
}

/// Bytes that a caret in such a field adds to what is sent.
fn with_field(recorder: &mut Recorder, attributes: &[(&'static str, &str)]) -> usize {
    let mut page = Page::new();
    let field = page.element("input");
    for (name, value) in attributes {
        page.set(field, name, Some((*value).into()));
    }
    page.insert(ROOT_ELEMENT, field, 0);
    page.keyframe(recorder).unwrap();
    recorder.take().unwrap();
    recorder.add(&close::caret(Caret { id: FIELD, start: 12, end: 12, ..Caret::default() }), FIELD);
    recorder.take().map_or(0, |body| body.bytes.len())
}

/// What a replica of the page is told by these sections.
fn told(sections: &[u8]) -> Result<Vec<Late>, ReplayError> {
    let mut page = Batch::default();
    page.put(&[1, 1, 0]);
    page.open("html", &[]);
    page.open("input", &[]);
    page.put(&[0]);
    page.open("p", &[]);
    page.text_node("text");
    page.put(&[0]);
    page.open("iframe", &[("data-base", "https://shop.example/a")]);
    page.put(&[5]);
    page.open("b", &[]);
    page.text_node("inner");
    page.put(&[0, 0, 0, 0, 0]);
    let mut recorder = Recorder::new();
    recorder.begin();
    recorder.flush(&page.numbers, &page.text).unwrap();
    let mut replica = Replica::new(Origins::default());
    replica.apply(true, 1, 0, &seal(&recorder.take().unwrap().bytes, false)).unwrap();
    assert!(replica.take_late().contains(&Late::Frame { id: INSIDE, host: FRAME }));
    replica.apply(false, 1, 1, &seal(sections, false))?;
    Ok(replica.take_late())
}
