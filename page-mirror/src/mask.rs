//! What is masked, decided here and nowhere else: a pure function of texts and attributes.
//!
//! `balanced`: passwords (also a field that once was one), card and identity fields, `autocomplete` hints,
//! hidden fields, whatever repeats a masked value, and every number that passes Luhn's check. Regions that a
//! business or a page marks are masked whole; the recorder says which nodes lie in one. What else a business wants
//! ([`rules`]) comes on top. Where something is in doubt, more is masked, not less.
pub mod attributes;
pub mod fields;
mod numbers;
mod pieces;
pub mod rules;
mod texts;

use std::borrow::Cow;

pub use numbers::{digits_hidden, numbers};
pub use pieces::split_numbers;

use crate::limits;

/// Stands for a masked character.
pub const BULLET: char = '•';
/// Stands for a masked password: its length is a secret too.
pub const FIXED: &str = "••••••••";
/// More bullets than this say nothing.
const MOST_BULLETS: usize = 64;
/// A shorter value is too common to be looked for elsewhere.
const SHORTEST_SECRET: usize = 4;
/// So many digits of a masked value are looked for whatever stands between them.
const SHORTEST_DIGITS: usize = 6;
/// A shorter one is not looked for in classes and styles, where it would be a part of a word.
const SHORTEST_IN_STYLE: usize = 8;
/// Instead of a field's id: the field is not there yet. No node has this id.
const AHEAD: u32 = crate::tree::NONE;
/// The field is gone, or empty.
const GONE: u32 = u32::MAX;

/// `part` stands somewhere in `text`.
fn has(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// `word` is one of the words of `list`, which spaces stand between.
fn is_one_of(word: &str, list: &str) -> bool {
    is_listed(word.as_bytes(), list)
}

#[inline(never)]
fn is_listed(word: &[u8], list: &str) -> bool {
    list.as_bytes().split(|byte| *byte == b' ').any(|one| one == word)
}

/// One of the words of `list` stands somewhere in `text`.
#[inline(never)]
fn has_one_of(text: &[u8], list: &str) -> bool {
    list.as_bytes().split(|byte| *byte == b' ').any(|part| has(text, part))
}

/// A text of the same shape: spaces stay, so that lines break alike.
pub fn bullets(text: &str) -> String {
    bullets_up_to(text, usize::MAX)
}

fn bullets_up_to(text: &str, most: usize) -> String {
    let mut out = String::new();
    for c in text.chars().take(most) {
        out.push(if c.is_whitespace() { c } else { BULLET });
    }
    out
}

/// A masked value: it tells roughly how much was typed.
pub fn value_bullets(value: &str) -> String {
    bullets_up_to(value, MOST_BULLETS)
}

/// Values of masked fields. Wherever they appear on the page, they are masked as well.
#[derive(Debug, Default)]
pub struct Secrets {
    known: Vec<Secret>,
    noted: u32,
    /// Nothing is masked.
    off: bool,
    /// Texts that the business names ([`texts`]).
    texts: Vec<String>,
    /// Title and address of the page tell more than where it is.
    shaded: bool,
}

#[derive(Debug)]
struct Secret {
    field: u32,
    value: String,
    /// The digits in it, if they are enough to be looked for.
    digits: Vec<u8>,
}

impl Secrets {
    /// From here on nothing is masked, here and wherever else [`Self::are_open`] is asked.
    pub fn open(&mut self) {
        self.off = true;
        self.clear();
    }

    pub fn are_open(&self) -> bool {
        self.off
    }

    /// How the value of a field leaves the browser; see [`fields::secrecy`].
    pub fn field(&self, tag: &str, attributes: &[(&str, &str)], once: bool) -> fields::Secrecy {
        if self.off { fields::Secrecy::Open } else { fields::secrecy(tag, attributes, once) }
    }

    /// What the business masks in text, and whether the page's title is masked as well.
    pub fn rule(&mut self, texts: Vec<String>, shaded: bool) {
        self.texts = texts;
        self.shaded = shaded;
    }

    pub fn note(&mut self, field: u32, value: &str) {
        let value = value.trim();
        if value.is_empty() {
            return self.part_with(field);
        }
        self.forget(field);
        match self.known.iter_mut().find(|secret| secret.field == AHEAD && secret.value == value) {
            Some(secret) => secret.field = field,
            None => self.keep(field, value),
        }
    }

    /// A value of a field that is not there yet.
    pub fn note_ahead(&mut self, value: &str) {
        let value = value.trim();
        if !self.known.iter().any(|secret| secret.value == value) {
            self.keep(AHEAD, value);
        }
    }

    /// All fields are there.
    pub fn forget_ahead(&mut self) {
        self.forget(AHEAD);
    }

    fn keep(&mut self, field: u32, value: &str) {
        let is_short = value.chars().nth(SHORTEST_SECRET - 1).is_none();
        if self.off || is_short || value.chars().all(|c| c == BULLET) {
            return;
        }
        if self.known.len() >= limits::SECRETS {
            // What was longest gone makes room.
            let Some(at) = self.known.iter().position(|secret| secret.field == GONE) else { return };
            self.known.remove(at);
        }
        let mut digits: Vec<u8> = value.bytes().filter(u8::is_ascii_digit).collect();
        if digits.len() < SHORTEST_DIGITS {
            digits.clear();
        }
        self.known.push(Secret { field, value: value.to_owned(), digits });
        self.noted = self.noted.wrapping_add(1);
    }

    /// Counts up with each value that is looked for from then on.
    pub fn noted(&self) -> u32 {
        self.noted
    }

    pub fn forget(&mut self, field: u32) {
        self.known.retain(|secret| secret.field != field);
    }

    /// The field is gone, or empty: what it held last may be repeated for long.
    pub fn part_with(&mut self, field: u32) {
        self.known.iter_mut().filter(|secret| secret.field == field).for_each(|secret| secret.field = GONE);
    }

    /// Another reading of the page begins; what is gone stays known.
    pub fn clear(&mut self) {
        self.known.retain(|secret| secret.field == GONE && !self.off);
    }

    /// An address as it may leave the browser. `shaded`: only where the page is may be told, at least of this one.
    pub fn url<'a>(&self, url: &'a str, shaded: bool) -> Cow<'a, str> {
        if self.off {
            return url.into();
        }
        let whole =
            if self.shaded || shaded { url.split(['?', '#']).next().unwrap_or_default() } else { url };
        attributes::scrub_url(whole, self)
    }

    /// A title, likewise.
    pub fn title<'a>(&self, title: &'a str, shaded: bool) -> Cow<'a, str> {
        if (self.shaded || shaded) && !self.off { bullets(title).into() } else { self.hide(title) }
    }

    /// A class, or style text: only long values, as they were typed.
    pub fn hide_in_style<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut hidden = Cow::Borrowed(text);
        for secret in self.known.iter().filter(|secret| secret.value.len() >= SHORTEST_IN_STYLE) {
            if let Some(masked) = without(&hidden, &secret.value) {
                hidden = Cow::Owned(masked);
            }
        }
        hidden
    }

    /// Something may be hidden in the text, however it is written.
    fn may_hide(&self, text: &str) -> bool {
        !(self.known.is_empty() && self.texts.is_empty()) || numbers::may_be_one(text)
    }

    /// The text as it may leave the browser.
    pub fn hide<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.off {
            return text.into();
        }
        let mut hidden = numbers(text);
        for pattern in &self.texts {
            if let Some(masked) = texts::without(&hidden, pattern) {
                hidden = Cow::Owned(masked);
            }
        }
        for secret in &self.known {
            if let Some(masked) = without(&hidden, &secret.value) {
                hidden = Cow::Owned(masked);
            }
            if let Cow::Owned(masked) = numbers::hide_digits(&hidden, &secret.digits) {
                hidden = Cow::Owned(masked);
            }
        }
        hidden
    }
}

/// `text` with bullets for each `value` in it; none if there is none.
fn without(text: &str, value: &str) -> Option<String> {
    let (bytes, wanted) = (text.as_bytes(), value.as_bytes());
    let begins = |byte: &u8| wanted.first() == Some(byte);
    // Up to `done`, all is written.
    let (mut out, mut at, mut done) = (Vec::new(), 0, 0);
    while let Some(found) = bytes.get(at..).and_then(|rest| rest.iter().position(begins)) {
        at += found;
        if bytes.get(at..).is_some_and(|rest| rest.starts_with(wanted)) {
            out.extend_from_slice(&bytes[done..at]);
            out.extend_from_slice(bullets(value).as_bytes());
            at += wanted.len();
            done = at;
        } else {
            at += 1;
        }
    }
    if done == 0 {
        return None;
    }
    out.extend_from_slice(&bytes[done..]);
    // Whole characters were replaced, so this is text; nothing is the safe answer to a doubt.
    Some(String::from_utf8(out).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_value_is_masked_wherever_it_is_repeated() {
        let mut secrets = Secrets::default();
        secrets.note(7, "hunter22");
        secrets.note(8, "4242 42");
        assert_eq!(secrets.hide("you typed hunter22!"), "you typed ••••••••!");
        assert_eq!(secrets.hide("card 4242-42.."), "card ••••-••..");
        secrets.forget(7);
        assert_eq!(secrets.hide("hunter22"), "hunter22");
    }

    #[test]
    fn what_a_field_held_stays_masked_when_it_is_emptied_or_gone() {
        let mut secrets = Secrets::default();
        secrets.note(7, "hunter22");
        secrets.note(7, "");
        secrets.note(8, "swordfish");
        secrets.part_with(8);
        secrets.clear();
        assert_eq!(secrets.hide("hunter22 swordfish"), "•••••••• •••••••••");
        for field in 10..200 {
            secrets.note(field, &format!("value {field}"));
            secrets.part_with(field);
        }
        assert_eq!(secrets.hide("value 199"), "••••• •••", "room is made for what is newer");
        assert!(secrets.known.len() <= limits::SECRETS);
    }

    #[test]
    fn styles_and_classes_lose_long_values_alone() {
        let mut secrets = Secrets::default();
        secrets.note(7, "hunter22");
        secrets.note(8, "blue");
        assert_eq!(
            secrets.hide_in_style("p::after{content:'hunter22';color:blue}"),
            "p::after{content:'••••••••';color:blue}"
        );
    }

    #[test]
    fn a_page_that_is_masked_has_neither_a_title_nor_a_query() {
        let mut secrets = Secrets::default();
        secrets.rule(vec!["K-####".to_owned()], false);
        assert_eq!(secrets.title("Customer k-1234", false), "Customer ••••••");
        assert_eq!(secrets.url("https://a.test/pay?id=7#x", false), "https://a.test/pay?id=7#x");
        secrets.rule(Vec::new(), true);
        assert_eq!(secrets.title("Pay 17", false), "••• ••");
        assert_eq!(secrets.url("https://a.test/pay?id=7#x", false), "https://a.test/pay");
    }
}
