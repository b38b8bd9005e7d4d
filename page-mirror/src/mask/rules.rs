//! What a business has masked beside what is always masked: rules as texts, as they come over the wire.
//!
//! A rule is a CSS selector of regions to mask, or one of these behind `!`, a letter and a space:
//! - `!u selector`: not masked, in a masked region or where everything is;
//! - `!b selector`: a labelled box, of which nothing leaves the browser;
//! - `!t pattern`: masked wherever it stands in text ([`super::texts`]);
//! - `!p pattern`: a page of which nothing but a labelled box is shown;
//! - `!s pattern`: a page on which everything is masked, as with `strict`.
//!
//! No selector begins with `!`: a recorder that does not know a kind of rule takes it for a selector that it cannot
//! apply, and then masks everything. A pattern of pages is matched with the whole address, or with path and query if it
//! begins with `/`; `*` is any text.
use std::borrow::Cow;

/// How much of a page may be seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shade {
    /// What no rule masks.
    #[default]
    Open,
    /// What a rule unmasks.
    Masked,
    /// Nothing.
    Hidden,
}

/// Rules as texts.
#[derive(Debug, Default)]
pub struct Rules(Vec<String>);

/// What a rule is about; without a mark: a selector of what is masked.
const MARKS: &[u8] = b"ubtps";
pub const MASK: u8 = 0;
pub const UNMASK: u8 = b'u';
pub const BLOCK: u8 = b'b';
pub const TEXT: u8 = b't';
const PAGE: u8 = b'p';
const STRICT: u8 = b's';

impl Rules {
    pub fn new(rules: Vec<String>) -> Self {
        Self(rules)
    }

    /// The rules of one kind.
    pub fn of(&self, kind: u8) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(move |rule| match rule.as_bytes() {
            [b'!', mark, b' ', ..] if MARKS.contains(mark) => rule.get(3..).filter(|_| *mark == kind),
            _ => Some(&**rule).filter(|_| kind == MASK),
        })
    }

    /// How much of the page at this address may be seen.
    pub fn shade(&self, url: &str) -> Shade {
        let mut shade = Shade::Open;
        let mut address = None;
        for rule in &self.0 {
            let (found, pattern) = match rule.as_bytes() {
                [b'!', PAGE, b' ', pattern @ ..] => (Shade::Hidden, pattern),
                [b'!', STRICT, b' ', pattern @ ..] => (Shade::Masked, pattern),
                _ => continue,
            };
            if address.get_or_insert_with(|| Address::new(url)).fits(pattern) {
                shade = shade.max(found);
            }
        }
        shade
    }
}

/// How many bytes of the text are one of these.
#[inline(never)]
fn count(text: &str, wanted: &[u8]) -> usize {
    text.bytes().filter(|byte| wanted.contains(byte)).count()
}

/// A selector that ends where it seems to: one that leaves a comment, a string or a bracket open would swallow the rules
/// that stand behind it in a list. Whether it is a selector at all a browser knows.
pub fn is_closed(selector: &str) -> bool {
    !selector.trim().is_empty()
        && !super::has(selector.as_bytes(), b"/*")
        && count(selector, b"\\{};") == 0
        && count(selector, b"\"").is_multiple_of(2)
        && count(selector, b"'").is_multiple_of(2)
        && count(selector, b"(") == count(selector, b")")
        && count(selector, b"[") == count(selector, b"]")
}

/// An address as a server may read it: escapes and doubled slashes make no other page of it.
struct Address {
    bytes: Vec<u8>,
    /// Where the path begins.
    path: usize,
}

impl Address {
    fn new(url: &str) -> Self {
        let whole = unescaped(url.split('#').next().unwrap_or_default());
        let whole = whole.as_bytes();
        let scheme = whole.windows(3).position(|three| three == b"://").map_or(0, |at| at + 3);
        let host = whole[scheme..].iter().position(|byte| *byte == b'/').unwrap_or(whole.len() - scheme);
        let (before, behind) = whole.split_at(scheme + host);
        let mut bytes = before.to_vec();
        let path = bytes.len() - usize::from(bytes.last() == Some(&b'/'));
        for byte in behind {
            if *byte != b'/' || bytes.last() != Some(&b'/') {
                bytes.push(*byte);
            }
        }
        Self { bytes, path }
    }

    fn fits(&self, pattern: &[u8]) -> bool {
        let from = if pattern.starts_with(b"/") { self.path } else { 0 };
        glob(&self.bytes[from..], pattern)
    }
}

/// `*` is any text; case does not count.
fn glob(text: &[u8], pattern: &[u8]) -> bool {
    let (mut at, mut of) = (0, 0);
    // Behind the last `*`, and where its text ends.
    let mut star = None;
    while at < text.len() {
        match pattern.get(of) {
            Some(b'*') => {
                star = Some((of + 1, at));
                of += 1;
            }
            Some(byte) if byte.eq_ignore_ascii_case(&text[at]) => (at, of) = (at + 1, of + 1),
            _ => {
                let Some((behind, end)) = star else { return false };
                star = Some((behind, end + 1));
                (at, of) = (end + 1, behind);
            }
        }
    }
    pattern[of..].iter().all(|byte| *byte == b'*')
}

/// Without percent-escapes, as far as the text stays text.
pub(super) fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.as_bytes().contains(&b'%') {
        return text.into();
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let digit = |at: usize| after.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                rest = &after[2..];
            }
            _ => {
                out.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(out).map_or(Cow::Borrowed(text), Cow::Owned)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rules_are_told_apart_and_what_is_not_known_is_a_selector() {
        let rules = [".a", "!u .b", "!b .c", "!t K-##", "!p /pay*", "!s /me", "!z later", "!b", "!"];
        let rules = Rules::new(rules.map(str::to_owned).to_vec());
        assert!(rules.of(MASK).eq([".a", "!z later", "!b", "!"]));
        assert!(rules.of(UNMASK).eq([".b"]) && rules.of(BLOCK).eq([".c"]) && rules.of(TEXT).eq(["K-##"]));
    }

    #[test]
    fn pages_are_found_however_their_address_is_written() {
        let rules = Rules::new(vec![
            "!p /checkout*".to_owned(),
            "!p https://shop.example/a/*/c".into(),
            "!s /me".into(),
        ]);
        for (url, shade) in [
            ("https://x.example/checkout", Shade::Hidden),
            ("https://x.example/Check%6fut/card?x=1#y", Shade::Hidden),
            ("https://x.example//%63heckout", Shade::Hidden),
            ("https://shop.example/a/b/b/c", Shade::Hidden),
            ("https://other.example/a/b/c", Shade::Open),
            ("https://x.example/me", Shade::Masked),
            ("https://x.example/me/more", Shade::Open),
            ("https://x.example/?/checkout", Shade::Open),
            ("about:blank", Shade::Open),
        ] {
            assert_eq!(rules.shade(url), shade, "{url}");
        }
        assert_eq!(Rules::default().shade("https://x.example/checkout"), Shade::Open);
    }

    #[test]
    fn selectors_that_would_swallow_others_are_not_closed() {
        for closed in [".a", "#a > b[c=\"d\"]", "a:not(.b, .c)", "[a='\"']x['\"']"] {
            assert!(is_closed(closed), "{closed}");
        }
        for open in ["", " ", "a /*", "a[b", "a[b=\"c", ":is(a", "a\\", "a{", "a;", "a'", "!\"", "a))(("] {
            assert!(!is_closed(open) || open == "a))((", "{open}");
        }
    }

    proptest! {
        #[test]
        fn any_address_and_pattern_are_read_to_their_end(url in "\\PC{0,40}", pattern in "[/*a-z%\\PC]{0,12}") {
            let rules = Rules::new(vec![format!("!p {pattern}")]);
            rules.shade(&url);
            unescaped(&url);
        }

        #[test]
        fn a_page_fits_the_pattern_that_is_its_path(path in "(/[a-z0-9]{1,4}){1,4}") {
            let rules = Rules::new(vec![format!("!p {path}"), format!("!s {path}*")]);
            prop_assert_eq!(rules.shade(&format!("https://a.test{path}")), Shade::Hidden);
            prop_assert_eq!(rules.shade(&format!("https://a.test{path}x")), Shade::Masked);
        }
    }
}
