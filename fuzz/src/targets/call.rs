//! A call that is up: what a peer sends after (and during) a DTLS handshake.
use switch::fuzzing;

use super::{MIB, Target, as_it_is, note, put_piece};

const WORDS: &[&[u8]] = &[
    &[0x80, 0],                                 // RTP, PCMU
    &[0x80, 126],                               // RTP, a telephone event
    &[0x90, 0],                                 // RTP with an extension
    &[0xBE, 0xDE, 0, 1, 0x40, b'0', 0, 0],      // one-byte extension: the section's name
    &[0x10, 0, 0, 1, 4, 1, b'0', 0],            // two-byte extension
    &[0x81, 200, 0, 6],                         // sender report
    &[0x81, 201, 0, 7],                         // receiver report
    &[0x81, 202, 0, 3, 0, 0, 0, 7, 1, 3],       // description
    &[0x81, 203, 0, 1],                         // goodbye
    &[0x81, 204, 0, 2],                         // application
    &[0x81, 205, 0, 3],                         // negative acknowledgement
    &[0x8F, 205, 0, 5],                         // transport feedback
    &[0x81, 206, 0, 2],                         // picture loss
    &[0x84, 206, 0, 4],                         // full intra request
    &[0x80, 207, 0, 4, 0, 0, 0, 7, 4, 0, 0, 2], // extended report
    &[5, 0, 0, 3],                              // its delay block
    &[23, 0xFE, 0xFD, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0],
];

pub(super) const TARGETS: &[Target] = &[
    Target {
        name: "call-media",
        run: media,
        seeds: packets,
        words: WORDS,
        mend: as_it_is,
        longest: 6_000,
        most_memory: 16 * MIB,
        contains_panics: true,
    },
    Target {
        name: "call-handshake",
        run: handshake,
        seeds: fates,
        words: &[&[0x90], &[0xA0], &[0xB0, 13, 0, 1, 0], &[0xC0, 20, 0], &[0xD0, 0, 0], &[0xE4], &[0xF8]],
        mend: as_it_is,
        longest: 400,
        most_memory: 16 * MIB,
        contains_panics: true,
    },
];

fn media(bytes: &[u8]) {
    let outcome = fuzzing::media(bytes);
    note((outcome.up, outcome.packets, outcome.answered.min(40)));
    note(outcome.told.into_iter().take(8).collect::<Vec<_>>());
}

/// One of each kind that an honest peer sends, and some that it does not.
fn packets() -> Vec<Vec<u8>> {
    let rtp = |number: u8, kind: u8, payload: &[u8]| {
        // The extension names the section, so that the stream is known.
        let mut packet = vec![0x90, kind, 0, number, 0, 0, number, 0, 0, 0, 0, 7, 0xBE, 0xDE, 0, 1, 0x40];
        packet.extend(fuzzing::MID.as_bytes().iter().take(3));
        packet.resize(20, 0);
        packet.extend(payload);
        packet
    };
    let voice: Vec<Vec<u8>> = (0..6).map(|n| rtp(n, 0, &[0xFF; 160])).collect();
    let keys: Vec<Vec<u8>> = (0..4).map(|n| rtp(n, 126, &[n, 0x8A, 3, 32])).collect();
    let reports = WORDS[5..16].iter().map(|head| {
        let length = 4 * (usize::from(head[3]) + 1);
        let mut report = head.to_vec();
        report.resize(length.max(head.len()), 7);
        report
    });
    let script = |how: u8, packets: &[Vec<u8>]| {
        let mut script = Vec::new();
        for packet in packets {
            script.push(how);
            put_piece(&mut script, packet);
            script.push(7 | 1 << 3);
        }
        script
    };
    let mut all = vec![script(0, &voice), script(0, &keys)];
    all.extend(reports.map(|report| {
        let mut both = script(0, &voice[..2]);
        both.extend(script(3, &[report]));
        both.push(7 | 31 << 3);
        both
    }));
    all.push(script(6, &[WORDS[16].to_vec(), vec![21, 0xFE, 0xFD]]));
    all
}

fn handshake(bytes: &[u8]) {
    let outcome = fuzzing::handshake(bytes);
    // Random parts make no two handshakes alike: only what is coarse is told apart.
    note((outcome.up, outcome.packets.min(4), outcome.answered.checked_ilog2()));
    note(outcome.told);
}

fn fates() -> Vec<Vec<u8>> {
    let mut all = vec![Vec::new(), vec![0; 12], vec![0xA0; 8]];
    for place in (0..12).step_by(4) {
        for fate in
            [&[0x90][..], &[0xB0, 30, 0, 1, 0], &[0xC0, 40, 0], &[0xD0, 1, 0], &[0xE2; 9], &[0xF3; 25]]
        {
            let mut script = vec![0; place];
            script.extend(fate);
            all.push(script);
        }
    }
    all
}
