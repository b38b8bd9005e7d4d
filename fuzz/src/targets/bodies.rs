//! Bodies of the HTTP interface with every check behind them, configurations, and recordings of prompts.
use std::path::Path;

use contact_server::{
    config::{Config, Source},
    http::{body, checks},
    numbers, prompts, windows,
};
use shared::{
    Timestamp,
    api::{CallRequest, HandsetCode, NumberQuestion, SignIn, WrapUp},
};

use super::{MIB, Target, as_it_is, note};

/// 2026-11-20 12:00 UTC
const NOW: Timestamp = Timestamp(1_795_176_000_000);
const JSON: &[&[u8]] = &[
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\"",
    b"null",
    b"true",
    b"\\u0000",
    b"\\ud800",
    b"\\\"",
    b"\"business\":",
    b"\"channel\":",
    b"\"telephone\"",
    b"\"browser\"",
    b"\"number\":",
    b"\"region\":",
    b"\"window\":",
    b"\"date\":",
    b"\"2026-11-21\"",
    b"\"09:30\"",
    b"\"Europe/Berlin\"",
    b"\"trail\":",
    b"\"url\":",
    b"\"title\":",
    b"\"at\":",
    b"\"context\":",
    b"\"consent\":",
    b"\"+442079460123\"",
    b"\"GB\"",
    b"\"password\":",
    b"\"order\":",
];

const fn json(name: &'static str, run: fn(&[u8]), seeds: fn() -> Vec<Vec<u8>>) -> Target {
    Target {
        name,
        run,
        seeds,
        words: JSON,
        mend: as_it_is,
        longest: shared::limits::HTTP_BODY_BYTES,
        // Patterns of countries' numbers are compiled when they are first met.
        most_memory: 16 * MIB,
        contains_panics: false,
    }
}

pub(super) const TARGETS: &[Target] = &[
    json("body-request", request, || {
        texts(&[REQUEST, r#"{"business":"k","channel":"browser","consent":"1"}"#])
    }),
    json("body-number", number, || texts(&[r#"{"business":"k","number":"020 7946 0123","region":"GB"}"#])),
    json("body-sign-in", sign_in, || texts(&[r#"{"login":"ada","password":"correct horse"}"#])),
    json("body-handset", handset, || texts(&[r#"{"code":"0123456789abcdef"}"#])),
    json("body-wrap-up", wrap_up, || texts(&[WRAP_UP])),
    Target { name: "number", words: NUMBER, longest: 200, ..json("", dialled, numbers_typed) },
    Target { name: "config", words: TOML, longest: 8_192, ..json("", config, || texts(&[CONFIG])) },
    Target {
        name: "wav",
        words: &[b"RIFF", b"WAVE", b"fmt ", b"data", b"LIST"],
        mend: as_it_is,
        longest: 65_536,
        most_memory: 32 * MIB,
        ..json("", wav, recordings)
    },
];

const REQUEST: &str = r#"{"business":"k","channel":"telephone","number":"+44 20 7946 0123","region":"GB","name":"Ada",
"note":"blue lamp","window":{"date":"2026-11-21","from":"09:30","until":"10:30","zone":"Europe/Berlin"},
"trail":[{"url":"https://shop.example/a?b=c#d","title":"A lamp","at":1795176000000}],"context":"{\"cart\":[1]}",
"skill":"french","consent":"1","time_zone":"Europe/Berlin","language":"en-GB"}"#;
const WRAP_UP: &str =
    r#"{"disposition":"Sold","notes":"two","order":[{"item":"Lamp","quantity":2,"unit_price":24900}]}"#;
const CONFIG: &str = "listen = '127.0.0.1:8080'\npublic_url = 'https://call.example.com'\ndata = 'data'\n\
    database = 'sqlite:x'\nmedia_bind = '0.0.0.0:9000'\nmedia_advertise = '203.0.113.7:9000'\n\
    trusted_proxies = ['10.0.0.1', '::1']\ndemo = true\ndemo_origins = ['http://localhost:8090']\n\
    dialer = 'simulated'\n[rates]\nrequests = { burst = 20, per_minute = 10 }\n[shares]\nsockets_per_address = 5\n\
    [simulated]\nseed = 1\n";
const TOML: &[&[u8]] = &[
    b"=",
    b"[",
    b"]",
    b"[[",
    b"{",
    b"}",
    b"'''",
    b"\"\"\"",
    b".",
    b"\n",
    b"true",
    b"inf",
    b"nan",
    b"1979-05-27",
    b"[rates]",
    b"[shares]",
    b"[simulated]",
    b"customers.rings_ms = [2, 1]",
    b"0x",
    b"_",
];
const NUMBER: &[&[u8]] = &[
    b"+",
    b"00",
    b"+44",
    b"+1",
    b"(0)",
    b"ext.",
    b";ext=",
    b"tel:",
    b"#",
    b"*",
    "\u{ff0b}".as_bytes(),
    "\u{0663}".as_bytes(),
    b"x",
    b",,",
    b";phone-context=",
];

fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

fn numbers_typed() -> Vec<Vec<u8>> {
    texts(&[
        "020 7946 0123",
        "+44 (0)20 7946 0123",
        "+1-212-555-0123",
        "tel:+49-30-23125042;ext=5",
        "0800 FLOWERS",
    ])
}

fn recordings() -> Vec<Vec<u8>> {
    let tone: Vec<i16> = (0..800).map(|n: i16| if n % 20 < 10 { 8_000 } else { -8_000 }).collect();
    let mut all: Vec<Vec<u8>> =
        [8_000, 16_000, 44_100].iter().map(|rate| media::wav::write(*rate, &tone)).collect();
    let mut extensible = all[1].clone();
    extensible.splice(16..20, 40_u32.to_le_bytes());
    extensible.splice(20..22, 0xFFFE_u16.to_le_bytes());
    let mut extension = [0; 24];
    extension[8] = 1;
    extensible.splice(36..36, extension);
    all.push(extensible);
    all
}

/// Decodes a body as a handler does; what a refusal says is bounded too.
fn read<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    match body::read::<T>(bytes) {
        Ok(value) => Some(value),
        Err(error) => {
            let problem = error.problem();
            assert!(problem.detail.len() < 4 * 1024 + bytes.len(), "a refusal is no echo");
            // Its kind, without the place in the input.
            note(
                problem.detail.split(" at line").next().map(|said| said.chars().take(40).collect::<String>()),
            );
            None
        }
    }
}

fn request(bytes: &[u8]) {
    let Some(request) = read::<CallRequest>(bytes) else { return };
    for demo in [true, false] {
        let number =
            numbers::parse(request.number.as_deref().unwrap_or_default(), request.region.as_deref(), demo);
        if let Ok(number) = &number {
            let again = numbers::parse(&number.e164, None, demo).map(|again| again.e164);
            assert_eq!(again.ok().as_ref(), Some(&number.e164), "what is dialled is a number");
        }
        note(number.map(|_| ()).map_err(|fault| fault.code().text()));
    }
    if let Some(window) = &request.window {
        let window = windows::resolve(window, NOW);
        if let Ok((from, until)) = window {
            assert!(from < until && until > NOW, "a window has a length and lies ahead");
        }
        note(window.map(|_| ()).map_err(|fault| fault.code().text()));
    }
    if let Ok(trail) = checks::trail(&request.trail) {
        assert!(trail.iter().all(|page| !page.title.chars().any(char::is_control)));
        note(trail.len());
    }
    note(checks::context(request.context.as_deref()).is_ok());
    note(checks::text("note", request.note.as_deref(), 1_000).is_ok());
    note(checks::language(request.language.as_deref()).is_some());
    note(checks::time_zone(request.time_zone.as_deref()).is_some());
}

fn number(bytes: &[u8]) {
    if let Some(question) = read::<NumberQuestion>(bytes) {
        let parsed = numbers::parse(&question.number, question.region.as_deref(), false);
        note(parsed.map(|_| ()).map_err(|fault| fault.code().text()));
    }
}

fn dialled(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for (region, demo) in [(Some("GB"), true), (Some("GB"), false), (Some("US"), false), (None, false)] {
        let parsed = numbers::parse(&text, region, demo);
        if let Ok(number) = &parsed {
            assert!(number.e164.starts_with('+') && number.e164[1..].bytes().all(|b| b.is_ascii_digit()));
            assert!(number.e164.len() <= 16, "E.164 has at most 15 digits");
        }
        note(parsed.map(|number| number.region).map_err(|fault| fault.code().text()));
    }
}

fn sign_in(bytes: &[u8]) {
    note(read::<SignIn>(bytes).is_some());
}

fn handset(bytes: &[u8]) {
    note(read::<HandsetCode>(bytes).is_some());
}

fn wrap_up(bytes: &[u8]) {
    let Some(wrap_up) = read::<WrapUp>(bytes) else { return };
    let business = contact_server::demo::new_business("k", "GB", NOW);
    note(checks::wrap_up(&business, &wrap_up).map_err(|error| error.problem().code).err());
}

fn config(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let read = Source::text_of(Path::new("ringside.toml"), &text).and_then(Config::from_source);
    match read {
        Ok(config) => note((0, config.demo, config.rates.requests.burst, config.trusted_proxies.len())),
        Err(error) => note((1, error.to_string().lines().map(|line| line.len().min(30)).collect::<Vec<_>>())),
    }
}

fn wav(bytes: &[u8]) {
    match prompts::read("name", bytes) {
        Ok(clip) => {
            assert!(!clip.samples().is_empty(), "a caller is never left with silence");
            note((0, clip.samples().len().ilog2()));
        }
        Err(error) => note((1, error.to_string())),
    }
}
