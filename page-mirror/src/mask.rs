//! What is masked, decided here and nowhere else: a pure function of texts and attributes.
//!
//! `balanced`: passwords (also a field that once was one), card and identity fields, `autocomplete` hints,
//! hidden fields, whatever repeats a masked value, and every number that passes Luhn's check. Regions that a
//! business or a page marks are masked whole; the recorder says which nodes lie in one.
pub mod attributes;
pub mod fields;
mod numbers;

use std::{borrow::Cow, collections::BTreeMap};

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
    by_field: BTreeMap<u32, (String, Vec<u8>)>,
}

impl Secrets {
    pub fn note(&mut self, field: u32, value: &str) {
        let value = value.trim();
        if value.chars().count() < SHORTEST_SECRET || value.chars().all(|c| c == BULLET) {
            self.by_field.remove(&field);
        } else if self.by_field.len() < limits::SECRETS || self.by_field.contains_key(&field) {
            let mut digits: Vec<u8> = value.bytes().filter(u8::is_ascii_digit).collect();
            if digits.len() < SHORTEST_DIGITS {
                digits.clear();
            }
            self.by_field.insert(field, (value.to_owned(), digits));
        }
    }

    pub fn forget(&mut self, field: u32) {
        self.by_field.remove(&field);
    }

    pub fn clear(&mut self) {
        self.by_field.clear();
    }

    /// The text as it may leave the browser.
    pub fn hide<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut hidden = numbers(text);
        for (value, digits) in self.by_field.values() {
            if hidden.contains(value.as_str()) {
                hidden = hidden.replace(value.as_str(), &bullets(value)).into();
            }
            if let Some(masked) = numbers::hide_digits(&hidden, digits) {
                hidden = masked.into();
            }
        }
        hidden
    }
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
