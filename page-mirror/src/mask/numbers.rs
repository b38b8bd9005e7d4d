//! Numbers that could be a payment card's.
use std::borrow::Cow;

use super::BULLET;

/// Digits of a payment card (ISO/IEC 7812).
const CARD_DIGITS: std::ops::RangeInclusive<usize> = 13..=19;

/// Masks the digits of every number of 13 to 19 digits that passes Luhn's check, in groups or in one.
pub fn numbers(text: &str) -> Cow<'_, str> {
    if text.bytes().filter(u8::is_ascii_digit).count() < *CARD_DIGITS.start() {
        return Cow::Borrowed(text);
    }
    let digits: Vec<(usize, u8)> =
        text.bytes().enumerate().filter(|(_, b)| b.is_ascii_digit()).map(|(at, b)| (at, b - b'0')).collect();
    let mut masked = vec![false; digits.len()];
    let groups = groups(text, &digits);
    for (start, chain) in groups.iter().enumerate() {
        let mut length = 0;
        for group in &groups[start..] {
            if group.chain != chain.chain {
                break;
            }
            length += group.digits.len();
            if length > *CARD_DIGITS.end() {
                break;
            }
            let range = chain.digits.start..group.digits.end;
            if CARD_DIGITS.contains(&length) && luhn(&digits[range.clone()]) {
                masked[range].fill(true);
            }
        }
    }
    if !masked.contains(&true) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(with_bullets(text, digits.iter().zip(masked).filter(|(_, m)| *m).map(|((at, _), _)| *at)))
}

/// Masks `wanted` where it stands in `text`, whatever short separators lie between its digits.
pub(super) fn hide_digits(text: &str, wanted: &[u8]) -> Option<String> {
    if wanted.is_empty() {
        return None;
    }
    let digits: Vec<(usize, u8)> = text.bytes().enumerate().filter(|(_, b)| b.is_ascii_digit()).collect();
    let found: Vec<usize> = digits
        .windows(wanted.len())
        .filter(|window| window.iter().map(|(_, digit)| digit).eq(wanted))
        .flat_map(|window| window.iter().map(|(at, _)| *at))
        .collect();
    if found.is_empty() { None } else { Some(with_bullets(text, found.into_iter())) }
}

/// Digits that touch each other; groups with the same `chain` have one separator between them.
struct Group {
    digits: std::ops::Range<usize>,
    chain: usize,
}

fn groups(text: &str, digits: &[(usize, u8)]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut chain = 0;
    for (number, (at, _)) in digits.iter().enumerate() {
        let before = number.checked_sub(1).map(|n| digits[n].0 + 1);
        match (before.map(|end| &text[end..*at]), groups.last_mut()) {
            (Some(""), Some(group)) => group.digits.end = number + 1,
            (between, _) => {
                if !between.is_some_and(is_separator) {
                    chain += 1;
                }
                groups.push(Group { digits: number..number + 1, chain });
            }
        }
    }
    groups
}

fn is_separator(between: &str) -> bool {
    let mut chars = between.chars();
    matches!(
        (chars.next(), chars.next()),
        (Some(' ' | '-' | '.' | '/' | '\u{A0}' | '\u{2009}' | '\u{202F}' | '\u{2011}' | '\u{2013}'), None)
    )
}

fn luhn(digits: &[(usize, u8)]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, (_, digit))| {
            let value = u32::from(*digit) << (place % 2);
            if value > 9 { value - 9 } else { value }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// `text` with a bullet for each of these (ASCII) bytes.
fn with_bullets(text: &str, at: impl Iterator<Item = usize>) -> String {
    let mut places: Vec<usize> = at.collect();
    places.sort_unstable();
    places.dedup();
    let mut out = String::with_capacity(text.len() + places.len() * 2);
    let mut from = 0;
    for place in places {
        out.push_str(&text[from..place]);
        out.push(BULLET);
        from = place + 1;
    }
    out.push_str(&text[from..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn card_numbers_are_masked_however_they_are_grouped() {
        assert_eq!(numbers("pay 4242 4242 4242 4242 now"), "pay •••• •••• •••• •••• now");
        assert_eq!(numbers("4242424242424242"), "••••••••••••••••");
        assert_eq!(numbers("3782-822463-10005."), "••••-••••••-•••••.");
        assert_eq!(numbers("Order 17 4242 4242 4242 4242"), "Order 17 •••• •••• •••• ••••");
    }

    #[test]
    fn other_numbers_stay() {
        for text in
            ["4242 4242 4242 4243", "+49 30 23125 042", "2026-11-30 12:00", "1234567890123456789012345"]
        {
            assert_eq!(numbers(text), text);
        }
    }
}
