//! Pictures, what plays, frames with documents of their own, and addresses.

use page_mirror::{
    codec::{
        FrameError, Section,
        bytes::put,
        media::{Playing, image_type, plays, seen},
        seal,
    },
    limits,
    record::{Recorder, media},
    replay::{
        ReplayError, Replica,
        ops::{Late, op},
        urls::Origins,
    },
};
use proptest::prelude::*;

const PNG: &[u8] = b"\x89PNG\r\n\x1A\nrest";
/// Ids of a page with an html element that holds a canvas, a video, an image and a paragraph.
const CANVAS: u32 = 3;
const VIDEO: u32 = 4;
const IMAGE: u32 = 5;
const PARAGRAPH: u32 = 6;

#[test]
fn pictures_and_what_plays_arrive() {
    let playing = Playing { bits: plays::PAUSED, at: 12, length: 300, volume: 50 };
    let sections = [
        media::picture(CANVAS, PNG),
        media::seen(CANVAS, seen::FOREIGN),
        media::media(VIDEO, playing),
        media::asset(0, PNG),
        media::uses(IMAGE, 0),
    ];
    assert_eq!(
        told(&sections.concat()).unwrap(),
        [
            Late::Picture { id: CANVAS, kind: "image/png", image: PNG.to_vec() },
            Late::Seen { id: CANVAS, why: seen::FOREIGN },
            Late::Media { id: VIDEO, playing },
            Late::Asset { number: 0, kind: "image/png", image: PNG.to_vec() },
            Late::Use { id: IMAGE, number: 0 },
        ]
    );
}

#[test]
fn what_is_no_image_is_not_shown() {
    for bytes in [&b"<html><script>"[..], b"", b"%PDF", b"RIFFxxxxWAVE", b"GIF"] {
        assert_eq!(image_type(bytes), None, "{bytes:?}");
        assert_eq!(told(&media::picture(CANVAS, bytes)).unwrap(), []);
        assert_eq!(told(&media::asset(0, bytes)).unwrap(), []);
    }
    for (bytes, kind) in [
        (&b"\xFF\xD8\xFF\xE0"[..], "image/jpeg"),
        (b"RIFFxxxxWEBP", "image/webp"),
        (b"xxxxftypavif", "image/avif"),
        (b"GIF89a", "image/gif"),
    ] {
        assert_eq!(image_type(bytes), Some(kind));
    }
}

#[test]
fn forged_pictures_are_refused() {
    let refused = |sections: &[u8]| match told(sections) {
        Err(ReplayError::Frame(error)) => error,
        other => panic!("{other:?}"),
    };
    for id in [PARAGRAPH, IMAGE, 1, 2, 999, 0, u32::MAX] {
        assert_eq!(refused(&media::picture(id, PNG)), FrameError::Malformed, "{id}");
        assert_eq!(refused(&media::seen(id, 0)), FrameError::Malformed, "{id}");
    }
    assert_eq!(refused(&media::media(CANVAS, Playing::default())), FrameError::Malformed);
    assert_eq!(refused(&media::asset(1, PNG)), FrameError::Malformed, "a number is left out");
    assert_eq!(refused(&media::uses(IMAGE, 0)), FrameError::Malformed, "there is none");
    let used = [media::asset(0, PNG), media::uses(PARAGRAPH, 0)].concat();
    assert_eq!(refused(&used), FrameError::Malformed);
    assert_eq!(refused(&media::picture(CANVAS, &vec![0; limits::PICTURE_BYTES + 1])), FrameError::TooLarge);
    let many: Vec<u8> = (0..=limits::ASSETS as u32).flat_map(|number| media::asset(number, PNG)).collect();
    assert_eq!(refused(&many), FrameError::TooLarge);
    let large = [PNG, &vec![0; limits::PICTURE_BYTES - PNG.len()]].concat();
    let count = limits::ASSETS_BYTES / limits::PICTURE_BYTES + 1;
    let heavy: Vec<u8> = (0..count as u32).flat_map(|number| media::asset(number, &large)).collect();
    assert_eq!(refused(&heavy), FrameError::TooLarge);
    let count = limits::PICTURES_BYTES / limits::PICTURE_BYTES + 1;
    let film: Vec<u8> = (0..count).flat_map(|_| media::picture(CANVAS, &large)).collect();
    assert_eq!(refused(&film), FrameError::TooLarge);
    assert_eq!(told(&media::seen(CANVAS, seen::KINDS)).unwrap(), [], "of a later revision");
}

#[test]
fn addresses_begin_where_the_page_and_its_frames_do() {
    let mut page = Batch::default();
    page.put(&[1, 1, 0]);
    page.open("html", &[]);
    page.open("img", &[("src", "a.png")]);
    page.put(&[0]);
    page.open(
        "iframe",
        &[("src", "inner.html"), ("name", "x"), ("data-base", "https://shop.example/deep/in")],
    );
    page.put(&[5]);
    page.open("img", &[("src", "b.png")]);
    page.put(&[0, 0, 0]);
    page.open("img", &[("src", "c.png")]);
    page.put(&[0, 0, 0]);
    let mut recorder = Recorder::new();
    recorder.begin();
    recorder.base("https://shop.example/shop/page?token=secret#x");
    recorder.flush(&page.numbers, &page.text).unwrap();
    let frame = seal(&recorder.take().unwrap().bytes, false);
    assert!(!String::from_utf8_lossy(&frame).contains("secret"));
    let mut replica = Replica::new(Origins::new(["https://shop.example"]));
    replica.apply(true, 1, 0, &frame).unwrap();
    let (numbers, text) = replica.take_ops();
    for wanted in ["/shop/a.png", "/deep/b.png", "/shop/c.png", "iframe"] {
        assert!(text.contains(wanted), "{wanted} in {text}");
    }
    assert!(!text.contains("inner.html") && !text.contains("data-base"), "{text}");
    // html 2, img 3, iframe 4, its document 5, img 6.
    assert!(numbers.windows(2).any(|two| two == [op::FRAME, 5]));
    assert!(replica.take_late().contains(&Late::Frame { id: 5, host: 4 }));

    // A change within the frame, and one beside it.
    let mut change = Batch { names: page.names, ..Batch::default() };
    for id in [6, 3] {
        change.put(&[3, id, 0]);
        change.name("src");
        change.string("d.png");
    }
    recorder.flush(&change.numbers, &change.text).unwrap();
    replica.apply(false, 1, 1, &seal(&recorder.take().unwrap().bytes, false)).unwrap();
    let text = replica.take_ops().1;
    assert!(text.contains("/deep/d.png") && text.contains("/shop/d.png"), "{text}");
}

proptest! {
    /// Whatever stands in these sections: an error, or something within the limits.
    #[test]
    fn any_bytes_are_read_to_their_end(
        tag in 16u32..29, bytes in prop::collection::vec(prop_oneof![0u8..8, any::<u8>()], 0..80),
    ) {
        let mut body = Vec::new();
        Section::from_tag(tag).unwrap_or(Section::Seen).wrap(&bytes, &mut body);
        if let Ok(late) = told(&body) {
            prop_assert!(late.len() <= bytes.len());
        }
    }
}

/// What a replica of the page is told by these sections.
fn told(sections: &[u8]) -> Result<Vec<Late>, ReplayError> {
    let mut page = Batch::default();
    page.put(&[1, 1, 0]);
    page.open("html", &[]);
    for tag in ["canvas", "video", "img", "p"] {
        page.open(tag, &[]);
        page.put(&[0]);
    }
    page.put(&[0, 0]);
    let mut recorder = Recorder::new();
    recorder.begin();
    recorder.flush(&page.numbers, &page.text).unwrap();
    let mut replica = Replica::new(Origins::default());
    replica.apply(true, 1, 0, &seal(&recorder.take().unwrap().bytes, false)).unwrap();
    replica.take_late();
    replica.apply(false, 1, 1, &seal(sections, false))?;
    Ok(replica.take_late())
}

/// What the recorder's script would hand over.
#[derive(Default)]
pub(crate) struct Batch {
    pub(crate) numbers: Vec<u32>,
    pub(crate) text: String,
    pub(crate) names: Vec<String>,
}

impl Batch {
    pub(crate) fn put(&mut self, numbers: &[u32]) {
        self.numbers.extend_from_slice(numbers);
    }

    pub(crate) fn string(&mut self, text: &str) {
        self.numbers.push(text.len() as u32);
        self.text.push_str(text);
    }

    pub(crate) fn text_node(&mut self, text: &str) {
        self.put(&[2, 0]);
        self.string(text);
    }

    pub(crate) fn name(&mut self, name: &str) {
        let known = self.names.iter().position(|known| known == name);
        self.numbers.push(known.unwrap_or(self.names.len()) as u32);
        if known.is_none() {
            self.names.push(name.to_owned());
            self.string(name);
        }
    }

    /// Begins an element.
    pub(crate) fn open(&mut self, tag: &str, attributes: &[(&str, &str)]) {
        self.put(&[1]);
        self.name(tag);
        self.put(&[0, attributes.len() as u32]);
        for (name, value) in attributes {
            self.name(name);
            self.string(value);
        }
    }
}

/// Bytes by hand are what the writers make.
#[test]
fn sections_are_as_the_format_says() {
    let mut wanted = Vec::new();
    for number in [Section::Pictures as u32, 1 + 1 + PNG.len() as u32, CANVAS, PNG.len() as u32] {
        put(&mut wanted, number);
    }
    wanted.extend_from_slice(PNG);
    assert_eq!(media::picture(CANVAS, PNG), wanted);
}
