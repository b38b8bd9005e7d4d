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

/// Rules as texts, by kind.
#[derive(Debug, Default)]
pub struct Rules {
    /// Selectors: masked, not masked, boxes.
    pub masks: Vec<String>,
    pub unmasks: Vec<String>,
    pub blocks: Vec<String>,
    pub texts: Vec<String>,
    hidden: Vec<String>,
    masked: Vec<String>,
}

impl Rules {
    pub fn new(rules: impl IntoIterator<Item = String>) -> Self {
        let mut all = Self::default();
        for rule in rules {
            let (list, text) = match rule.get(..3) {
                Some("!u ") => (&mut all.unmasks, &rule[3..]),
                Some("!b ") => (&mut all.blocks, &rule[3..]),
                Some("!t ") => (&mut all.texts, &rule[3..]),
                Some("!p ") => (&mut all.hidden, &rule[3..]),
                Some("!s ") => (&mut all.masked, &rule[3..]),
                _ => (&mut all.masks, &*rule),
            };
            list.push(text.to_owned());
        }
        all
    }

    /// How much of the page at this address may be seen.
    pub fn shade(&self, url: &str) -> Shade {
        let fits = |list: &[String]| !list.is_empty() && list.iter().any(|pattern| fits(url, pattern));
        if fits(&self.hidden) {
            Shade::Hidden
        } else if fits(&self.masked) {
            Shade::Masked
        } else {
            Shade::Open
        }
    }
}

/// A selector that ends where it seems to: one that leaves a comment, a string or a bracket open would swallow the rules
/// that stand behind it in a list. Whether it is a selector at all a browser knows.
pub fn is_closed(selector: &str) -> bool {
    let count = |wanted: &[u8]| selector.bytes().filter(|byte| wanted.contains(byte)).count();
    !selector.trim().is_empty()
        && !selector.contains("/*")
        && count(b"\\{};") == 0
        && count(b"\"") % 2 == 0
        && count(b"'") % 2 == 0
        && count(b"(") == count(b")")
        && count(b"[") == count(b"]")
}

/// The address, as a server may read it: escapes and doubled slashes make no other page of it.
fn fits(url: &str, pattern: &str) -> bool {
    let whole = unescaped(url.split('#').next().unwrap_or_default());
    let (scheme, after) = whole.split_once("://").unwrap_or(("", &whole));
    let (host, path) = after.split_at(after.find('/').unwrap_or(after.len()));
    let mut plain = if pattern.starts_with('/') { String::new() } else { format!("{scheme}://{host}") };
    for c in path.chars() {
        if c != '/' || !plain.ends_with('/') {
            plain.push(c.to_ascii_lowercase());
        }
    }
    let parts: Vec<String> = pattern.to_ascii_lowercase().split('*').map(str::to_owned).collect();
    let [first, middle @ .., last] = parts.as_slice() else { return plain == pattern.to_ascii_lowercase() };
    let Some(mut rest) = plain.strip_prefix(first.as_str()) else { return false };
    for part in middle {
        let Some(at) = rest.find(part.as_str()) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last.as_str())
}

/// Without percent-escapes, as far as the text stays text.
pub(super) fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
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
        let rules = Rules::new(rules.map(str::to_owned));
        assert_eq!(rules.masks, [".a", "!z later", "!b", "!"]);
        assert_eq!(
            (rules.unmasks, rules.blocks, rules.texts),
            (vec![".b".into()], vec![".c".into()], vec!["K-##".into()])
        );
    }

    #[test]
    fn pages_are_found_however_their_address_is_written() {
        let rules =
            Rules::new(["!p /checkout*".to_owned(), "!p https://shop.example/a/*/c".into(), "!s /me".into()]);
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
            let rules = Rules::new([format!("!p {pattern}")]);
            rules.shade(&url);
            unescaped(&url);
        }

        #[test]
        fn a_page_fits_the_pattern_that_is_its_path(path in "(/[a-z0-9]{1,4}){1,4}") {
            let rules = Rules::new([format!("!p {path}"), format!("!s {path}*")]);
            prop_assert_eq!(rules.shade(&format!("https://a.test{path}")), Shade::Hidden);
            prop_assert_eq!(rules.shade(&format!("https://a.test{path}x")), Shade::Masked);
        }
    }
}
