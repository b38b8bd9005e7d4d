//! The wire is hostile: any bytes give an error or operations that a document can carry out.

use crate::{
    document::Document,
    page::{Page, ROOT_ELEMENT},
};
use page_mirror::{
    codec::{
        FrameError, Section,
        bytes::{put, put_signed},
        namespace, seal, token,
    },
    limits,
    record::Recorder,
    replay::{ReplayError, Replica, ops::op, urls::Origins},
};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_to_an_end(bytes in prop::collection::vec(any::<u8>(), 0..400), deflated: bool) {
        let mut replica = Replica::new(Origins::default());
        let _ = replica.apply(true, 1, 0, &bytes);
        let _ = replica.apply(true, 2, 0, &seal(&bytes, deflated));
        let _ = replica.pointer(2, &bytes);
    }

    #[test]
    fn a_frame_with_flipped_bytes_is_refused_or_fits_a_document(
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in prop::option::of(any::<prop::sample::Index>()),
        in_patch: bool,
    ) {
        let (keyframe, patch) = honest();
        let mut replica = Replica::new(Origins::default());
        let mut document = Document::default();
        let mut damaged = if in_patch { patch } else { keyframe.clone() };
        for (at, byte) in flips {
            let at = at.index(damaged.len());
            damaged[at] ^= byte;
        }
        if let Some(cut) = cut {
            damaged.truncate(cut.index(damaged.len()));
        }
        if in_patch {
            replica.apply(true, 1, 0, &keyframe).unwrap();
        }
        if replica.apply(!in_patch, 1, u32::from(in_patch), &damaged).is_ok() {
            let (numbers, text) = replica.take_ops();
            // The document panics at what a DOM would refuse.
            document.apply(&numbers, &text);
            assert_eq!(document.len(), replica.tree().live());
        }
    }
}

#[test]
fn a_small_frame_that_inflates_without_end_is_refused() {
    let bomb = miniz_oxide::deflate::compress_to_vec(&vec![0; limits::BODY_BYTES + 1], 9);
    assert!(bomb.len() < 64 * 1024);
    assert_eq!(refusal(&seal(&bomb, true)), FrameError::Malformed);
}

#[test]
fn a_remembered_string_cannot_be_named_until_memory_is_full() {
    let mut payload = Vec::new();
    let count = 500_000;
    payload.extend([1]);
    put_signed(&mut payload, 1);
    put(&mut payload, 0);
    put(&mut payload, count);
    payload.resize(payload.len() + count as usize, 0);
    payload.push(0);
    payload.resize(payload.len() + count as usize - 1, 1);
    put(&mut payload, 256);
    payload.resize(payload.len() + 256, b'x');
    let mut body = Vec::new();
    Section::Nodes.wrap(&payload, &mut body);
    assert!(matches!(refusal(&seal(&body, false)), FrameError::TooLarge | FrameError::Tree(_)));
}

#[test]
fn depth_and_lists_are_bounded() {
    let mut payload = vec![1];
    put_signed(&mut payload, 1);
    put(&mut payload, 0);
    put(&mut payload, 1);
    payload.extend([5, 0, 3, b'd', b'i', b'v', 0, 0, 1]);
    for _ in 0..limits::DEPTH * 2 {
        put(&mut payload, token::FIRST_SHAPE);
        put(&mut payload, 1);
    }
    payload.push(0);
    put(&mut payload, 0);
    put(&mut payload, 0);
    let mut body = Vec::new();
    Section::Nodes.wrap(&payload, &mut body);
    refusal(&seal(&body, false));

    let mut list = Vec::new();
    put(&mut list, u32::MAX);
    let mut body = Vec::new();
    Section::Removed.wrap(&list, &mut body);
    assert_eq!(refusal(&seal(&body, false)), FrameError::TooLarge);
}

#[test]
fn what_would_run_in_a_browser_never_reaches_the_document() {
    let frame = forged(&[
        ("script", &[("src", "https://evil.example/x.js")], "alert(1)"),
        ("iframe", &[("srcdoc", "<script>alert(1)</script>")], ""),
        ("img", &[("onerror", "alert(1)"), ("src", "https://evil.example/x.png")], ""),
        ("a", &[("href", "javascript:alert(1)"), ("target", "_top")], "go"),
        ("form", &[("action", "https://evil.example")], ""),
        ("meta", &[("http-equiv", "refresh"), ("content", "0;url=https://evil.example")], ""),
        ("base", &[("href", "https://evil.example/")], ""),
        ("link", &[("rel", "preload"), ("href", "https://evil.example/x.css")], ""),
        ("p", &[("style", "background:u\\72l(https://evil.example/p)")], ""),
        ("object", &[("data", "https://evil.example/x.swf")], ""),
    ]);
    let mut replica = Replica::new(Origins::new(["https://shop.example"]));
    replica.apply(true, 1, 0, &frame).unwrap();
    let mut document = Document::default();
    let (numbers, text) = replica.take_ops();
    document.apply(&numbers, &text);
    let shown = document.serialised();
    for poison in [
        "evil",
        "javascript",
        "<script",
        "<iframe",
        "<base",
        "<object",
        "onerror",
        "srcdoc",
        "refresh",
        "_top",
    ] {
        assert!(!shown.contains(poison), "{poison} in {shown}");
    }
    assert!(shown.contains("href=\"#\""));
}

#[test]
fn nothing_can_be_put_below_a_style_element() {
    assert_eq!(refusal(&forged(&[("style", &[], "@import 'https://evil.example'")])), FrameError::Malformed);
}

#[test]
fn a_section_that_is_not_known_is_passed_over() {
    let mut body = vec![99, 3, 1, 2, 3];
    Section::Nodes.wrap(&[0], &mut body);
    let mut replica = Replica::new(Origins::default());
    replica.apply(true, 1, 0, &seal(&body, false)).unwrap();
    assert!(replica.take_ops().0.contains(&op::CLEAR));
}

fn refusal(frame: &[u8]) -> FrameError {
    match Replica::new(Origins::default()).apply(true, 1, 0, frame) {
        Err(ReplayError::Frame(error)) => error,
        other => panic!("{other:?}"),
    }
}

/// A keyframe and the patch that follows it, of a page with some of everything.
fn honest() -> (Vec<u8>, Vec<u8>) {
    let (mut page, mut recorder) = (Page::new(), Recorder::new());
    for n in 0..6 {
        let item = page.element(["li", "p", "my-card"][n % 3]);
        let text = page.text(&format!("item {n}"));
        page.insert(item, text, 0);
        page.set(item, "class", Some(format!("c{}", n % 2)));
        page.insert(ROOT_ELEMENT, item, n);
    }
    page.keyframe(&mut recorder).unwrap();
    let keyframe = seal(&recorder.take().unwrap().bytes, false);
    let children = page.children(ROOT_ELEMENT).to_vec();
    page.insert(children[0], children[1], 0);
    page.insert(ROOT_ELEMENT, children[5], 0);
    page.remove(children[2]);
    page.set(children[3], "title", Some("é".into()));
    let added = page.element("ul");
    page.insert(ROOT_ELEMENT, added, 3);
    page.flush(&mut recorder).unwrap();
    (keyframe, seal(&recorder.take().unwrap().bytes, false))
}

type Forged<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);

/// A keyframe that no recorder would send: elements below the document's root, each with one text.
fn forged(elements: &[Forged<'_>]) -> Vec<u8> {
    let mut names: Vec<&str> = Vec::new();
    let mut structure = vec![1];
    put_signed(&mut structure, 1);
    put(&mut structure, 0);
    put(&mut structure, u32::try_from(elements.len()).unwrap());
    let mut columns: Vec<(u32, Vec<&str>)> = Vec::new();
    for (tag, attributes, _) in elements {
        put(&mut structure, token::NEW_SHAPE);
        put_name(&mut names, tag, &mut structure);
        put(&mut structure, namespace::HTML);
        put(&mut structure, u32::try_from(attributes.len()).unwrap());
        for (attribute, value) in *attributes {
            let number = put_name(&mut names, attribute, &mut structure);
            match columns.iter_mut().find(|(column, _)| *column == number) {
                Some((_, values)) => values.push(value),
                None => columns.push((number, vec![value])),
            }
        }
        put(&mut structure, 1);
        put(&mut structure, token::TEXT);
    }
    let values: Vec<&str> = columns.into_iter().flat_map(|(_, values)| values).collect();
    let strings: Vec<&str> = values.into_iter().chain(elements.iter().map(|(.., text)| *text)).collect();
    structure.resize(structure.len() + strings.len(), 0);
    strings.iter().for_each(|text| put(&mut structure, u32::try_from(text.len()).unwrap()));
    strings.iter().for_each(|text| structure.extend(text.as_bytes()));
    let mut body = Vec::new();
    Section::Nodes.wrap(&structure, &mut body);
    seal(&body, false)
}

fn put_name<'a>(names: &mut Vec<&'a str>, name: &'a str, out: &mut Vec<u8>) -> u32 {
    let known = names.iter().position(|known| *known == name);
    let number = u32::try_from(known.unwrap_or(names.len())).unwrap();
    put(out, number << 1);
    if known.is_none() {
        names.push(name);
        put(out, u32::try_from(name.len()).unwrap());
        out.extend(name.as_bytes());
    }
    number
}
