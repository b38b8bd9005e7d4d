//! What reaches the voice: offers, datagrams on the one UDP port, and packets of a peer that passed SRTP.
use media::{SAMPLE_RATE, jitter::Packet, pcmu, playout::Playout};
use switch::fuzzing;

use super::{MIB, Script, Target, as_it_is, note, put_piece};

pub(super) const TARGETS: &[Target] = &[
    Target {
        name: "sdp",
        run: sdp,
        seeds: offers,
        words: OFFER_WORDS,
        mend: as_it_is,
        longest: shared::limits::SDP_BYTES,
        most_memory: 8 * MIB,
        contains_panics: true,
    },
    Target {
        name: "sdp-text",
        run: sdp_text,
        seeds: offers,
        words: OFFER_WORDS,
        mend: as_it_is,
        longest: shared::limits::SDP_BYTES,
        most_memory: 8 * MIB,
        contains_panics: false,
    },
    Target {
        name: "edge",
        run: edge,
        seeds: datagrams,
        words: &[
            &[0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42], // a binding request
            &[1, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42],
            &[0, 6, 0, 9],                          // USERNAME
            &[0, 8, 0, 20],                         // MESSAGE-INTEGRITY
            &[0x80, 0x28, 0, 4],                    // FINGERPRINT
            &[0, 0x20, 0, 8, 0, 1],                 // XOR-MAPPED-ADDRESS
            &[22, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0], // a DTLS handshake
            &[22, 0xFE, 0xFF],
            &[20, 0xFE, 0xFD],
            &[0x80, 0],    // RTP, PCMU
            &[0x90, 0x7E], // RTP with an extension
            &[0x81, 200],  // RTCP sender report
            &[0xBE, 0xDE],
        ],
        mend: as_it_is,
        longest: 6_000,
        most_memory: 8 * MIB,
        contains_panics: true,
    },
    Target {
        name: "voice",
        run: voice,
        seeds: voices,
        words: &[],
        mend: as_it_is,
        longest: 8_192,
        most_memory: 4 * MIB,
        contains_panics: false,
    },
];

const OFFER_WORDS: &[&[u8]] = &[
    b"\r\n",
    b"a=",
    b"m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n",
    b"a=mid:0\r\n",
    b"a=setup:actpass\r\n",
    b"a=rtpmap:0 PCMU/8000\r\n",
    b"a=rtpmap:126 telephone-event/8000\r\n",
    b"a=sendrecv\r\n",
    b"a=ice-ufrag:abcd\r\n",
    b"a=ice-pwd:0123456789012345678901\r\n",
    b"a=fingerprint:sha-256 ",
    b"a=group:BUNDLE 0\r\n",
    b"a=ssrc:1 cname:x\r\n",
    b"a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n",
    b"a=candidate:1 1 udp 1 192.0.2.1 5000 typ host\r\n",
    b"a=fmtp:126 0-15\r\n",
    b"a=simulcast:send 1;2\r\n",
    b"a=rid:1 send\r\n",
    b"a=rtcp-mux\r\n",
    b"a=inactive\r\n",
    b"a=crypto:1 ",
    b"c=IN IP4 0.0.0.0\r\n",
];

/// As Chromium offers a microphone, shortened.
const CHROMIUM: &str = "v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n\
    a=extmap-allow-mixed\r\na=msid-semantic: WMS\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126\r\n\
    c=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\na=ice-ufrag:Wzk4\r\na=ice-pwd:0Yo6yw8JtDz4i0Bv5oFSpZvK\r\n\
    a=ice-options:trickle\r\na=fingerprint:sha-256 7B:8B:F0:65:5F:78:E2:51:3B:AC:6F:F3:3F:46:1B:35:DC:B8:5F:64:1A:\
    24:C2:43:F0:A1:58:D0:A1:2C:19:08\r\na=setup:actpass\r\na=mid:0\r\n\
    a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\na=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n\
    a=sendrecv\r\na=msid:- 2a5b\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 transport-cc\r\n\
    a=fmtp:111 minptime=10;useinbandfec=1\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n\
    a=rtpmap:126 telephone-event/8000\r\na=ssrc:3735928559 cname:abc\r\n";

fn sdp(bytes: &[u8]) {
    // The socket's messages carry text.
    let text = String::from_utf8_lossy(bytes);
    match fuzzing::answer(&text) {
        Ok(answer) => {
            assert!(answer.len() < 8 * 1024, "an answer does not grow with its offer");
            note(0);
        }
        Err(error) => note((1, error.chars().take(40).collect::<String>())),
    }
}

/// Reading alone, a thousand times as often: no keys are made and no session begins.
fn sdp_text(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    note(fuzzing::read_offer(&text).map_err(|error| error.chars().take(40).collect::<String>()));
    note(text.lines().count());
}

fn offers() -> Vec<Vec<u8>> {
    vec![fuzzing::honest_offer().into_bytes(), CHROMIUM.as_bytes().to_vec()]
}

fn edge(bytes: &[u8]) {
    let mut outcomes = fuzzing::datagrams(bytes);
    outcomes.truncate(4);
    note(outcomes);
}

fn datagrams() -> Vec<Vec<u8>> {
    let check = fuzzing::honest_check();
    let mut hello = vec![22, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 25, 1, 0, 0, 13, 0, 0, 0, 0, 0, 0, 0, 13];
    hello.extend([0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let mut rtp = vec![0x80, 0, 0, 1, 0, 0, 0, 160, 0, 0, 0, 7];
    rtp.resize(172, 0xFF);
    let rtcp = vec![0x81, 200, 0, 6, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let mut all = Vec::new();
    for pieces in [vec![&check], vec![&check, &hello], vec![&check, &rtp, &rtcp], vec![&check, &check]] {
        let mut script = Vec::new();
        pieces.iter().for_each(|piece| put_piece(&mut script, piece));
        all.push(script);
    }
    all
}

/// Packets with any numbering, time and length, at any pace, into the jitter buffer and out at every tick.
fn voice(bytes: &[u8]) {
    let mut script = Script(bytes);
    let mut playout = Playout::default();
    let (mut sequence, mut timestamp, mut now) = (script.u16(), script.u32(), 0_u64);
    let mut ticks = 0_usize;
    while !script.is_over() && ticks < 2_000 {
        let step = script.byte();
        sequence = sequence.wrapping_add(match step & 7 {
            7 => script.u16(),
            small => small.into(),
        });
        timestamp = timestamp.wrapping_add(match step >> 3 & 3 {
            3 => script.u32(),
            small => u32::from(small) * 160,
        });
        let payload = if step & 32 == 0 { &[0xFF; 160][..] } else { script.piece() };
        let samples = pcmu::decode(payload);
        let packet = Packet { sequence, timestamp, sample_rate: SAMPLE_RATE, samples: &samples };
        note(format!("{:?}", playout.push(packet, now)));
        if step & 64 == 0 {
            now += if step & 128 == 0 { 20 } else { u64::from(script.u16()) };
            note(playout.pull(now) == media::Frame::SILENCE);
            ticks += 1;
        }
    }
    let stats = playout.stats();
    let lost = stats.late + stats.duplicate + stats.refused + stats.overflowed;
    assert!(lost <= stats.received + stats.refused, "no packet is lost twice");
}

fn voices() -> Vec<Vec<u8>> {
    let mut steady = vec![0; 6];
    steady.extend([1 | 1 << 3; 50]);
    let mut jumpy = vec![9, 0, 0xFF, 0xFF, 0xFF, 0xFF];
    for n in 0..40_u8 {
        jumpy.extend([1 | 1 << 3 | 64, 7 | 3 << 3, n, 0, 0, n, 0, 0, 2 | 128, n, 0]);
    }
    let mut odd = vec![0; 6];
    for length in [0_u16, 1, 159, 161, 960, 961] {
        odd.push(1 | 1 << 3 | 32);
        put_piece(&mut odd, &vec![0x55; usize::from(length)]);
    }
    vec![steady, jumpy, odd]
}
