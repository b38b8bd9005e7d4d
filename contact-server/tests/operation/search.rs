//! Looks for what a customer left, in whatever spelling, in whatever file.
use std::io::ErrorKind;
use std::path::Path;

use contact_server::ids;

pub(crate) const NAME: &str = "Zebulon Plantagenet";
pub(crate) const NOTE: &str = "About the plum coloured velocipede";
pub(crate) const TITLE: &str = "Velocipedes in plum";
pub(crate) const URL: &str = "https://shop.test/plum-velocipede-42";
pub(crate) const CONTEXT: &str = r#"{"cart":"one plum velocipede, engraved"}"#;
pub(crate) const LATER_TITLE: &str = "Checkout of the velocipede";
pub(crate) const LATER_CONTEXT: &str = r#"{"cart":"two velocipedes by now"}"#;
pub(crate) const WRAP_UP: &str = "Wants it delivered to his castle";
/// As the customer typed it, which is none of the spellings that are kept.
pub(crate) const NUMBER: &str = "(020) 7946-0777";

/// Everything that must be found before, and nowhere afterwards. No word of a few letters: a dump's random keys would
/// spell it one day.
pub(crate) fn planted() -> Vec<String> {
    let texts = [NAME, NOTE, TITLE, URL, CONTEXT, LATER_TITLE, LATER_CONTEXT, WRAP_UP, "velocipede"];
    let numbers = ["+442079460777", "442079460777", "+44 20 7946 0777", "020 7946 0777", NUMBER, "79460777"];
    texts.into_iter().chain(numbers).map(str::to_owned).collect()
}

/// What of `planted` stands in `bytes`: as it is, in small letters, as JSON escapes it, as hexadecimal digits,
/// or as a list of decimal bytes, which is how programs print what they do not understand.
pub(crate) fn found(bytes: &[u8], planted: &[String]) -> Vec<String> {
    let lower: Vec<u8> = bytes.iter().map(u8::to_ascii_lowercase).collect();
    let is_there = |text: &str| {
        let json = serde_json::to_string(text).unwrap();
        let listed = text.bytes().map(|byte| byte.to_string()).collect::<Vec<_>>().join(", ");
        let debug = format!("{text:?}");
        [
            text.to_lowercase(),
            json.trim_matches('"').to_lowercase(),
            debug.trim_matches('"').to_lowercase(),
            ids::hex(text.as_bytes()),
            ids::hex(text.to_lowercase().as_bytes()),
            listed,
        ]
        .iter()
        .any(|spelled| contains(&lower, spelled.as_bytes()))
    };
    planted.iter().filter(|text| is_there(text)).cloned().collect()
}

fn contains(hay: &[u8], needle: &[u8]) -> bool {
    let Some(&first) = needle.first() else { return false };
    let mut rest = hay;
    while let Some(at) = rest.iter().position(|byte| *byte == first) {
        rest = &rest[at..];
        if rest.starts_with(needle) {
            return true;
        }
        rest = &rest[1..];
    }
    false
}

/// In all files of a folder, hidden ones and those below included; with the file's name.
pub(crate) fn found_below(folder: &Path, planted: &[String]) -> Vec<String> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(found_below(&path, planted));
        } else {
            let bytes = match std::fs::read(&path) {
                Ok(bytes) => bytes,
                // SQLite takes its log away with the last connection, which may be just now.
                Err(gone) if gone.kind() == ErrorKind::NotFound => continue,
                Err(error) => panic!("{}: {error}", path.display()),
            };
            let hits = found(&bytes, planted);
            all.extend(hits.into_iter().map(|text| format!("{text:?} in {}", path.display())));
        }
    }
    all
}

#[test]
fn the_search_finds_every_spelling() {
    let text = "say \"plum\"";
    let plant = vec![text.to_owned()];
    let bytes: Vec<u8> = text.bytes().collect();
    for spelled in [
        "a SAY \"PLUM\" b".to_owned(),
        serde_json::json!({ "text": text }).to_string(),
        ids::hex(&bytes),
        format!("{bytes:?}"),
        format!("{:?}", Some(text)),
    ] {
        assert_eq!(found(spelled.as_bytes(), &plant), plant, "{spelled}");
    }
    assert!(found(b"nothing of it", &plant).is_empty());
}
