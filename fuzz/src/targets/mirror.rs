//! Frames of mirrored pages: through the hub, which never decodes them, and into a viewer's replica, which does.
use std::sync::Arc;

use contact_server::hub::{
    frame,
    mirror::{Lead, LeadHold, Mirror, PageId, Rest, Viewing},
    outbox::Outbox,
};
use page_mirror::{
    codec::{Section, media::Playing, seal},
    limits,
    mask::rules::{Rules, Shade, TEXT, is_closed},
    record::{self, Recorder, media},
    replay::{Replica, urls::Origins},
};
use shared::{
    AgentId, DocumentId, TabId, Timestamp,
    wire::{
        lead::Power,
        mirror::{Frame, FrameKind, InFront, Masking, PublisherToServer, ViewerToServer},
    },
};

use super::{MIB, Script, Target, as_it_is, note, put_piece};

pub(super) const TARGETS: &[Target] = &[
    Target {
        name: "mirror-frames",
        run: frames,
        seeds: pages,
        words: &[
            &[0, 0],
            &[1, 0],
            &[0xFF, 0xFF, 0x7F],
            b"javascript:alert(1)",
            b"onclick",
            b"script",
            b"style",
        ],
        mend: as_it_is,
        longest: 16_384,
        most_memory: 96 * MIB,
        contains_panics: false,
    },
    Target {
        name: "mirror-masking",
        run: masking,
        seeds: ruled_pages,
        words: &[
            b"!p /",
            b"!s ",
            b"!t ",
            b"!u ",
            b"!b ",
            b"*",
            b"##",
            b"@@",
            b"/*",
            b":not(",
            b"4242",
            b"%34",
            b"4242424242424242",
            &[1, 0, 0, 0],
            &[13, 0, 0, 0],
        ],
        mend: as_it_is,
        longest: 8_192,
        most_memory: 16 * MIB,
        contains_panics: false,
    },
    Target {
        name: "mirror-hub",
        run: hub,
        seeds: streams,
        words: &[&[3, 0, 0, 0, 0, 0], &[0, 0], &[0xFF, 0xFF, 0xFF, 0xFF, 0x0F]],
        mend: as_it_is,
        longest: 16_384,
        most_memory: 8 * MIB,
        contains_panics: false,
    },
];

/// A script of frames, each behind a byte that says what it is said to be.
fn frames(bytes: &[u8]) {
    let mut script = Script(bytes);
    let mut replica = Replica::new(Origins::default());
    let (mut epoch, mut seq) = (0_u32, 0_u32);
    while !script.is_over() {
        let how = script.byte();
        let piece = script.piece();
        let is_keyframe = how & 1 == 0;
        (epoch, seq) = if is_keyframe { (epoch.wrapping_add(1), 0) } else { (epoch, seq.wrapping_add(1)) };
        // As it came, or with a header of its own.
        let frame = if how & 2 == 0 { piece.to_vec() } else { seal(piece, how & 4 != 0) };
        if how & 8 == 0 {
            let applied = replica.apply(is_keyframe, epoch, seq, &frame);
            note(format!("{applied:?}").chars().take(30).collect::<String>());
        } else {
            note(replica.pointer(epoch, &frame).is_ok());
        }
        let (numbers, text) = replica.take_ops();
        assert!(numbers.len() <= 16 * MIB && text.len() <= 64 * MIB, "what a viewer does is bounded");
        note(numbers.len().checked_ilog2());
        let late = replica.take_late();
        assert!(late.len() <= 2 * limits::CHANGES, "so is what it does afterwards");
        note(late.len().checked_ilog2());
    }
}

/// A number that passes Luhn's check, as a title; addresses come without its digits, since more than 19 are no card's.
const CARD: &str = "4242424242424242";

/// Rules, an address, and batches as a page's script would hand them over, behind a length each.
fn masking(bytes: &[u8]) {
    let mut script = Script(bytes);
    let text = |piece: &[u8]| String::from_utf8_lossy(piece).into_owned();
    let rules: Vec<String> = (0..script.byte() % 8).map(|_| text(script.piece())).collect();
    for rule in &rules {
        if let Ok(taken) = contact_server::masking::selectors(rule) {
            assert!(taken.iter().all(|selector| is_closed(selector)), "{taken:?} would swallow others");
        }
        note((contact_server::masking::texts(rule).is_ok(), contact_server::masking::pages(rule).is_ok()));
    }
    let rules = Rules::new(rules);
    let url = text(script.piece());
    let shade = rules.shade(&url);
    note(format!("{shade:?}"));
    let mut recorder = Recorder::new();
    recorder.rule(rules.of(TEXT).map(str::to_owned).collect(), shade != Shade::Open);
    recorder.begin();
    recorder.page(&url.replace("42", ""), CARD);
    let told = recorder.take().map_or(Vec::new(), |body| body.bytes);
    assert!(!told.windows(CARD.len()).any(|window| window == CARD.as_bytes()), "a card's number left");
    while !script.is_over() {
        let numbers: Vec<u32> = script
            .piece()
            .chunks(2)
            .map(|pair| pair.iter().fold(0, |all, byte| all << 8 | u32::from(*byte)))
            .collect();
        note(recorder.flush(&numbers, &text(script.piece())).is_ok());
        note(recorder.take().map(|body| body.bytes.len().checked_ilog2()));
        note(recorder.freed().len().checked_ilog2());
    }
}

fn ruled_pages() -> Vec<Vec<u8>> {
    let mut script = vec![3];
    for rule in [".a:not(.b)", "!t K-##*", "!p /pay*"] {
        put_piece(&mut script, rule.as_bytes());
    }
    put_piece(&mut script, b"https://shop.example/pay?card=4242");
    let numbers = |list: &[u16]| list.iter().flat_map(|number| number.to_be_bytes()).collect::<Vec<u8>>();
    put_piece(&mut script, &numbers(&[1, 1, 0, 1, 0, 4, 0, 0, 2, 0, 16, 2, 0, 4, 2, 0, 4, 0, 0]));
    put_piece(&mut script, b"html42424242424242424242K-12");
    put_piece(&mut script, &numbers(&[5, 3, 0, 5, 6, 3, 0, 0, 2]));
    put_piece(&mut script, b"hello77");
    vec![script]
}

/// A recorder's own frames of a small page, and sections by hand.
fn pages() -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    let mut recorder = Recorder::new();
    recorder.begin();
    recorder.base("https://shop.example/a/b");
    // An html element, with a frame that holds a canvas and an img, and a video behind it.
    let numbers = [
        1, 1, 0, 1, 0, 4, 0, 0, 1, 1, 6, 0, 1, 2, 9, 1, 5, 1, 3, 6, 0, 0, 0, 1, 4, 3, 0, 0, 0, 0, 0, 1, 5, 5,
        0, 0, 0, 0, 0,
    ];
    let mut script = Vec::new();
    if recorder.flush(&numbers, "htmliframedata-basexcanvasimgvideo").is_ok()
        && let Some(body) = recorder.take()
    {
        let image = b"\x89PNG\r\n\x1A\n";
        let playing = Playing { at: 3, ..Playing::default() };
        let sections = [
            media::picture(5, image),
            media::seen(5, 1),
            media::asset(0, image),
            media::uses(6, 0),
            media::media(7, playing),
        ];
        for (how, bytes) in [(0, body.bytes), (1, sections.concat())] {
            script.push(how);
            put_piece(&mut script, &seal(&bytes, false));
        }
    }
    script.push(8);
    put_piece(&mut script, &seal(&record::pointer(10, 20, true), false));
    all.push(script);
    for tag in 0..32 {
        let Some(section) = Section::from_tag(tag) else { continue };
        let mut body = Vec::new();
        section.wrap(&[1, 2, 0, 3, 0, 0, 0, 1, 1, 4, b'h', b't', b'm', b'l'], &mut body);
        let mut script = vec![2];
        put_piece(&mut script, &body);
        script.push(3);
        put_piece(&mut script, &body);
        all.push(script);
    }
    all
}

/// Messages of two pages of one contact, with a viewer that reads now and then.
fn hub(bytes: &[u8]) {
    let mut script = Script(bytes);
    let mut mirror = Mirror::default();
    let viewing = |sharing| Viewing { agent: Some(AgentId(1)), watchers: Vec::new(), sharing };
    mirror.set_viewing(viewing(true));
    for serial in [1, 2] {
        let page = PageId {
            tab: TabId(serial.into()),
            document: DocumentId(serial.into()),
            masking: Masking::Balanced,
            mask_selectors: Vec::new(),
        };
        let outbox = Arc::new(Outbox::default());
        assert!(mirror.join_publisher(serial, page, outbox, Timestamp(0)).is_ok());
    }
    let hold = LeadHold {
        number: 1,
        agent: AgentId(1),
        name: "Ada".to_owned(),
        power: Power::Control,
        granted: true,
    };
    mirror.set_lead(Lead { may_point: true, may_control: true, pointing: true, holds: vec![hold] });
    let joined = mirror.join_viewer(10, (AgentId(1), "Ada".to_owned()), None, Timestamp(0));
    let Ok((mut follow, _wake)) = joined else { return };
    let mut now = Timestamp(0);
    while !script.is_over() {
        let how = script.byte();
        now.0 += u64::from(how);
        let serial = u64::from(how & 1) + 1;
        match how >> 1 & 7 {
            0 => {
                let mut out = Vec::new();
                let rest = mirror.next(10, &mut follow, &mut out);
                note((rest == Rest::Nothing, out.len()));
            }
            1 => mirror.need_keyframe(10, &mut follow, DocumentId(serial.into()), now),
            2 => mirror.set_in_front(serial, how & 128 != 0, now),
            3 => drop(mirror.set_viewing(viewing(how & 128 != 0))),
            7 => match ViewerToServer::decode(script.piece()) {
                Ok(ViewerToServer::Point(point)) => mirror.point(10, point),
                Ok(ViewerToServer::Act(act)) => mirror.act(10, act),
                Ok(ViewerToServer::ActWithin(within)) => mirror.act_within(10, within),
                Ok(ViewerToServer::AddNote(added)) => mirror.add_note(10, added),
                Ok(ViewerToServer::RemoveNote(gone)) => mirror.remove_note_by(10, gone.note),
                Ok(_) | Err(_) => {}
            },
            _ => {
                let piece = script.piece();
                match frame::read(piece) {
                    Ok(Some(frame)) => note(mirror.take(serial, &frame, now).is_ok()),
                    Ok(None) => note(PublisherToServer::decode(piece).is_ok()),
                    Err(error) => note(format!("{error:?}")),
                }
            }
        }
    }
}

fn streams() -> Vec<Vec<u8>> {
    let frame =
        |kind, epoch, seq| PublisherToServer::from(Frame { kind, epoch, seq, bytes: vec![7; 20] }).encode();
    let mut script = Vec::new();
    let mut say = |how: u8, message: Option<Vec<u8>>| {
        script.push(how);
        if let Some(message) = message {
            put_piece(&mut script, &message);
        }
    };
    for epoch in 1..4 {
        say(8, Some(frame(FrameKind::Keyframe, epoch, 0)));
        say(0, None);
        for seq in 1..4 {
            say(9, Some(frame(FrameKind::Patch, epoch, seq)));
            say(8, Some(frame(FrameKind::Patch, epoch, seq)));
        }
        say(8, Some(frame(FrameKind::Pointer, epoch, 3)));
        say(8, Some(PublisherToServer::from(InFront { yes: true }).encode()));
        say(5 | 128, None);
        say(2, None);
        say(0, None);
    }
    vec![script]
}
