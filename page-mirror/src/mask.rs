//! What is masked, decided here and nowhere else: a pure function of texts and attributes.
//!
//! `balanced`: passwords (also a field that once was one), card and identity fields, `autocomplete` hints,
//! hidden fields, whatever repeats a masked value, and every number that passes Luhn's check. Regions that a
//! business or a page marks are masked whole; the recorder says which nodes lie in one.
pub mod attributes;
pub mod fields;
mod numbers;

use std::borrow::Cow;

pub use numbers::numbers;

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
/// Instead of a field's id: the field is not there yet. No node has this id.
const AHEAD: u32 = crate::tree::NONE;

/// `part` stands somewhere in `text`.
fn has(text: &str, part: &str) -> bool {
    text.as_bytes().windows(part.len()).any(|window| window == part.as_bytes())
}

/// A text of the same shape: spaces stay, so that lines break alike.
pub fn bullets(text: &str) -> String {
    text.chars().map(|c| if c.is_whitespace() { c } else { BULLET }).collect()
}

/// A masked value: it tells roughly how much was typed.
pub fn value_bullets(value: &str) -> String {
    bullets(value).chars().take(MOST_BULLETS).collect()
}

/// Values of masked fields. Wherever they appear on the page, they are masked as well.
#[derive(Debug, Default)]
pub struct Secrets {
    known: Vec<Secret>,
    noted: u32,
    /// Nothing is masked.
    off: bool,
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
    pub fn field<'a>(
        &self,
        tag: &str,
        attributes: impl Iterator<Item = (&'a str, &'a str)> + Clone,
        once: bool,
    ) -> fields::Secrecy {
        if self.off { fields::Secrecy::Open } else { fields::secrecy(tag, attributes, once) }
    }

    pub fn note(&mut self, field: u32, value: &str) {
        self.forget(field);
        let value = value.trim();
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
        if self.off || is_short || value.chars().all(|c| c == BULLET) || self.known.len() >= limits::SECRETS {
            return;
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

    pub fn clear(&mut self) {
        self.known.clear();
    }

    /// The page's own address as it may leave the browser.
    pub fn url<'a>(&self, url: &'a str) -> Cow<'a, str> {
        if self.off { url.into() } else { attributes::scrub_url(url) }
    }

    /// The text as it may leave the browser.
    pub fn hide<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.off {
            return text.into();
        }
        let mut hidden = numbers(text);
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
    let is_here = |at: usize| bytes.get(at..).is_some_and(|rest| rest.starts_with(wanted));
    (0..bytes.len()).find(|at| is_here(*at))?;
    let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while let Some(byte) = bytes.get(at) {
        if is_here(at) {
            out.extend_from_slice(bullets(value).as_bytes());
            at += wanted.len();
        } else {
            out.push(*byte);
            at += 1;
        }
    }
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
}
