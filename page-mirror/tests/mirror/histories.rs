//! Random pages through random histories: after every flush the replica equals the page.

use crate::{
    document::Document,
    page::{At, Page, ROOT_ELEMENT},
};
use page_mirror::{
    codec::seal,
    limits,
    record::Recorder,
    replay::{Applied, ReplayError, Replica, urls::Origins},
};
use proptest::prelude::*;

/// One step of a script. Numbers choose among the nodes there are.
#[derive(Debug, Clone)]
enum Step {
    Append { parent: usize, tag: usize, leaves: usize },
    AppendText { parent: usize, text: String },
    Comment { parent: usize },
    Move { node: usize, parent: usize, index: usize },
    Wrap { node: usize },
    Remove { node: usize },
    Reverse { parent: usize },
    Clear { parent: usize },
    Unwrap { node: usize },
    Swap { one: usize, other: usize },
    Retake { node: usize },
    Attribute { node: usize, name: usize, value: Option<String> },
    Text { node: usize, text: String },
    Flush,
    Keyframe,
}

fn step() -> impl Strategy<Value = Step> {
    let n = || 0usize..64;
    let text = || prop_oneof!["[a-z]{0,6}", "\\PC{0,12}", "(é|😀|x){0,4}"];
    prop_oneof![
        4 => (n(), n(), 0usize..5).prop_map(|(parent, tag, leaves)| Step::Append { parent, tag, leaves }),
        2 => (n(), text()).prop_map(|(parent, text)| Step::AppendText { parent, text }),
        1 => n().prop_map(|parent| Step::Comment { parent }),
        6 => (n(), n(), 0usize..6).prop_map(|(node, parent, index)| Step::Move { node, parent, index }),
        2 => n().prop_map(|node| Step::Wrap { node }),
        3 => n().prop_map(|node| Step::Remove { node }),
        1 => n().prop_map(|parent| Step::Reverse { parent }),
        1 => n().prop_map(|parent| Step::Clear { parent }),
        2 => n().prop_map(|node| Step::Unwrap { node }),
        2 => (n(), n()).prop_map(|(one, other)| Step::Swap { one, other }),
        2 => n().prop_map(|node| Step::Retake { node }),
        3 => (n(), 0usize..3, prop::option::of(text()))
            .prop_map(|(node, name, value)| Step::Attribute { node, name, value }),
        2 => (n(), text()).prop_map(|(node, text)| Step::Text { node, text }),
        3 => Just(Step::Flush),
        1 => Just(Step::Keyframe),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]
    #[test]
    fn the_replica_equals_the_page_after_every_flush(steps in prop::collection::vec(step(), 0..60)) {
        let mut both = Both::new();
        for step in steps {
            both.step(step);
        }
        both.flush();
    }
}

#[test]
fn a_lost_frame_is_noticed_and_a_keyframe_heals() {
    let mut both = Both::new();
    both.append("p");
    both.page.flush(&mut both.recorder).unwrap();
    both.recorder.take().unwrap();
    both.append("p");
    both.page.flush(&mut both.recorder).unwrap();
    let body = both.recorder.take().unwrap();
    let frame = seal(&body.bytes, false);
    assert_eq!(both.replica.apply(false, body.epoch, body.seq, &frame), Err(ReplayError::Gap));
    assert_eq!(both.replica.apply(false, body.epoch, body.seq, &frame), Err(ReplayError::NoKeyframe));
    both.keyframe();
}

#[test]
fn a_frame_that_comes_twice_changes_nothing() {
    let mut both = Both::new();
    both.append("p");
    both.page.flush(&mut both.recorder).unwrap();
    let body = both.recorder.take().unwrap();
    let frame = seal(&body.bytes, false);
    assert_eq!(both.replica.apply(false, body.epoch, body.seq, &frame), Ok(Applied::Changed));
    both.replica.take_ops();
    assert_eq!(both.replica.apply(false, body.epoch, body.seq, &frame), Ok(Applied::Old));
    assert!(both.replica.take_ops().0.is_empty());
}

#[test]
fn compressed_frames_are_the_same_frames() {
    let mut both = Both::new();
    for _ in 0..300 {
        both.append("p");
    }
    both.page.flush(&mut both.recorder).unwrap();
    let body = both.recorder.take().unwrap();
    let deflated = miniz_oxide::deflate::compress_to_vec(&body.bytes, 6);
    assert!(deflated.len() < body.bytes.len() / 4);
    both.replica.apply(false, body.epoch, body.seq, &seal(&deflated, true)).unwrap();
    both.compare();
}

#[test]
fn a_thousand_reversed_and_ten_thousand_removed_are_a_few_bytes() {
    let mut both = Both::new();
    let items: Vec<At> = (0..10_000).map(|_| both.append("li")).collect();
    both.flush();
    for item in &items[..1_000] {
        both.page.insert(ROOT_ELEMENT, *item, 0);
    }
    assert!(both.flush_bytes() < 6_000, "one token and one difference for each");
    for item in items {
        both.page.remove(item);
    }
    assert!(both.flush_bytes() < 64);
}

#[test]
fn memory_stays_flat_while_nodes_come_and_go() {
    let mut both = Both::new();
    for _ in 0..200 {
        let list = both.append("ul");
        for _ in 0..20 {
            let item = both.page.element("li");
            both.page.insert(list, item, 0);
        }
        both.flush();
        both.page.remove(list);
        both.flush();
    }
    assert_eq!(both.recorder.tree().live(), 2);
    assert_eq!(both.document.len(), 2);
}

#[test]
fn a_page_that_changes_for_long_is_begun_anew_before_its_tables_grow() {
    let mut both = Both::new();
    let mut ids = 0;
    while !both.recorder.wants_keyframe() {
        let list = both.append("ul");
        for _ in 0..2_000 {
            let item = both.page.element("li");
            both.page.insert(list, item, 0);
        }
        both.flush();
        both.page.remove(list);
        both.flush();
        ids += 2_001;
        assert!(ids <= limits::IDS_WORTH_A_KEYFRAME + 2_001, "it is time");
    }
    both.keyframe();
    assert!(!both.recorder.wants_keyframe());
}

#[test]
fn a_page_with_too_many_nodes_is_refused_on_the_customers_side() {
    let mut page = Page::new();
    for _ in 0..=limits::NODES {
        let node = page.comment();
        let end = page.children(ROOT_ELEMENT).len();
        page.insert(ROOT_ELEMENT, node, end);
    }
    assert!(page.keyframe(&mut Recorder::new()).is_err());
}

/// A page, its recorder, and a replica with its document.
struct Both {
    page: Page,
    recorder: Recorder,
    replica: Replica,
    document: Document,
}

impl Both {
    fn new() -> Self {
        let replica = Replica::new(Origins::default());
        let mut both =
            Self { page: Page::new(), recorder: Recorder::new(), replica, document: Document::default() };
        both.keyframe();
        both
    }

    fn append(&mut self, tag: &'static str) -> At {
        let node = self.page.element(tag);
        let end = self.page.children(ROOT_ELEMENT).len();
        self.page.insert(ROOT_ELEMENT, node, end);
        node
    }

    fn flush(&mut self) {
        self.flush_bytes();
    }

    fn flush_bytes(&mut self) -> usize {
        self.page.flush(&mut self.recorder).unwrap();
        self.deliver()
    }

    fn keyframe(&mut self) {
        self.page.keyframe(&mut self.recorder).unwrap();
        self.deliver();
    }

    fn deliver(&mut self) -> usize {
        let mut bytes = 0;
        if let Some(body) = self.recorder.take() {
            let frame = seal(&body.bytes, false);
            bytes = frame.len();
            self.replica.apply(body.keyframe, body.epoch, body.seq, &frame).unwrap();
        }
        self.compare();
        bytes
    }

    fn compare(&mut self) {
        let (numbers, text) = self.replica.take_ops();
        self.document.apply(&numbers, &text);
        assert_eq!(self.document.serialised(), self.page.serialised());
        assert_eq!(self.replica.tree().live(), self.recorder.tree().live());
    }

    fn step(&mut self, step: Step) {
        const TAGS: [&str; 5] = ["div", "p", "li", "my-card", "span"];
        const NAMES: [&str; 3] = ["class", "title", "data-x"];
        let page = &mut self.page;
        let any = |page: &Page, n: usize| ROOT_ELEMENT + n % (page.len() - ROOT_ELEMENT);
        let element = |page: &Page, n: usize| {
            let at = any(page, n);
            if page.is_element(at) { at } else { ROOT_ELEMENT }
        };
        match step {
            Step::Append { parent, tag, leaves } => {
                let parent = element(page, parent);
                let node = page.element(TAGS[tag % TAGS.len()]);
                for leaf in 0..leaves {
                    let text = page.text(&format!("leaf {leaf}"));
                    page.insert(node, text, leaf);
                }
                page.insert(parent, node, tag);
            }
            Step::AppendText { parent, text } => {
                let (parent, node) = (element(page, parent), page.text(&text));
                page.insert(parent, node, text.len());
            }
            Step::Comment { parent } => {
                let (parent, node) = (element(page, parent), page.comment());
                page.insert(parent, node, 0);
            }
            Step::Move { node, parent, index } => {
                let (node, parent) = (any(page, node), element(page, parent));
                page.insert(parent, node, index);
            }
            Step::Wrap { node } => {
                let (node, wrapper) = (any(page, node), page.element("div"));
                page.insert(ROOT_ELEMENT, wrapper, node);
                page.insert(wrapper, node, 0);
            }
            Step::Remove { node } => page.remove(any(page, node)),
            Step::Reverse { parent } => {
                let parent = element(page, parent);
                for child in page.children(parent).to_vec() {
                    page.insert(parent, child, 0);
                }
            }
            Step::Clear { parent } => {
                for child in page.children(element(page, parent)).to_vec() {
                    page.remove(child);
                }
            }
            Step::Unwrap { node } => {
                let node = element(page, node);
                for child in page.children(node).to_vec() {
                    page.insert(ROOT_ELEMENT, child, node % 7);
                }
                page.remove(node);
            }
            Step::Swap { one, other } => page.swap(any(page, one), any(page, other)),
            Step::Retake { node } => page.retake(any(page, node)),
            Step::Attribute { node, name, value } => page.set(any(page, node), NAMES[name], value),
            Step::Text { node, text } => page.set_text(any(page, node), &text),
            Step::Flush => self.flush(),
            Step::Keyframe => self.keyframe(),
        }
    }
}
