//! What pages in frames say to the page around them: read, searched for what that page masks, and passed on as a part of
//! its own frames into a replica.
use page_mirror::{
    codec::{Section, part, seal},
    limits,
    mask::Secrets,
    parts,
    record::{Recorder, media},
    replay::{Replica, urls::Origins},
};
use shared::wire::{
    lead::{ActDone, CustomerActs},
    mirror::{Frame, FrameKind, PageSays, PartToPage, PublisherToServer},
};

use super::{MIB, Target, as_it_is, note};

/// The number of the box in [`around`].
const BOX: u32 = 3;
/// What the page around masks.
const SECRET: &str = "velocipede";

pub(super) const TARGETS: &[Target] = &[Target {
    name: "part-messages",
    run: messages,
    seeds: said,
    words: &[
        &[3, 0, 0, 0, 0, 0],
        &[5, 0],
        &[34, 0],
        &[64, 0, 1, 0, 0, 0, 1],
        &[32, 1, 0],
        SECRET.as_bytes(),
        &[0xFF, 0xFF, 0x7F],
    ],
    mend: as_it_is,
    longest: 16_384,
    most_memory: 128 * MIB,
    contains_panics: false,
}];

fn messages(bytes: &[u8]) {
    let Some(messages) = PartToPage::all(bytes) else { return note("none") };
    note(messages.len());
    let mut secrets = Secrets::default();
    secrets.note(7, SECRET);
    let mut replica = Replica::new(Origins::default());
    let shown = replica.apply(true, 1, 0, &around());
    assert!(shown.is_ok(), "the page around is one");
    let mut seq = 0;
    for message in messages {
        let again = message.encode();
        let same = again.is_empty() || PartToPage::decode(&again) == Ok(message.clone());
        assert!(same, "it reads what it writes");
        let PartToPage::Frame(frame) = message else { continue };
        let hidden = parts::without(&frame.bytes, &mut |text| Some(secrets.hide(text).into_owned()));
        note(hidden.is_ok());
        let Ok(hidden) = hidden else { continue };
        let kind = if frame.kind == FrameKind::Keyframe { part::KEYFRAME } else { part::PATCH };
        let section = media::part(BOX, kind, (frame.epoch, frame.seq), &hidden);
        seq += 1;
        note(replica.apply(false, 1, seq, &seal(&section, false)).is_ok());
        let late = replica.take_late();
        assert!(late.len() <= 2 * limits::CHANGES, "what a viewer does is bounded");
        note(format!("{late:?}").contains(SECRET));
        assert!(!format!("{late:?}").contains(SECRET), "what is masked is shown");
    }
}

/// A page with a box.
fn around() -> Vec<u8> {
    page(&[1, 1, 0, 1, 0, 4, 0, 0, 1, 1, 12, 0, 0, 0, 0, 0], "htmlringside-box")
}

fn page(numbers: &[u32], text: &str) -> Vec<u8> {
    let mut recorder = Recorder::new();
    recorder.begin();
    // Batches are made for a page's script: one that is not taken would show in what is asserted of it.
    let _ = recorder.flush(numbers, text);
    recorder.take().map(|body| seal(&body.bytes, false)).unwrap_or_default()
}

/// A page that says what it is, shows itself, and answers.
fn said() -> Vec<Vec<u8>> {
    let frame = |kind, seq, bytes| PublisherToServer::from(Frame { kind, epoch: 1, seq, bytes }).encode();
    let says = PageSays { url: "https://pay.example/".into(), secret_fields: false };
    let mut texts = Vec::new();
    Section::Page.wrap(b"\x01a\x10a velocipede of", &mut texts);
    let messages = [
        PublisherToServer::from(says).encode(),
        frame(FrameKind::Keyframe, 0, around()),
        frame(FrameKind::Patch, 1, seal(&texts, false)),
        PartToPage::from(ActDone { order: 3, refused: None }).encode(),
        PartToPage::from(CustomerActs { types: true }).encode(),
    ];
    let nested = media::part(BOX, part::KEYFRAME, (1, 0), &around());
    let deep = [frame(FrameKind::Keyframe, 0, around()), frame(FrameKind::Patch, 1, seal(&nested, false))];
    vec![messages.concat(), deep.concat()]
}
