//! Numbers that could be a payment card's.
use std::borrow::Cow;

/// Digits of a payment card (ISO/IEC 7812).
pub(super) const CARD_DIGITS: std::ops::RangeInclusive<usize> = 13..=19;
/// What may stand between groups of digits: one of these, written in UTF-8.
const SEPARATORS: [&str; 9] = [" ", "-", ".", "/", "\u{A0}", "\u{2009}", "\u{202F}", "\u{2011}", "\u{2013}"];
const BULLET: &[u8] = "•".as_bytes();

/// Masks the digits of every number of 13 to 19 digits that passes Luhn's check, in groups or in one.
pub fn numbers(text: &str) -> Cow<'_, str> {
    if !may_be_one(text) {
        return Cow::Borrowed(text);
    }
    let digits = digits(text);
    let mut masked = vec![false; digits.len()];
    let groups = groups(text, &digits);
    for (at, first) in groups.iter().enumerate() {
        let mut length = 0;
        for group in groups.iter().skip(at).take_while(|group| group.chain == first.chain) {
            length += group.end - group.start;
            if length > *CARD_DIGITS.end() {
                break;
            }
            let whole = first.start..group.end;
            if CARD_DIGITS.contains(&length) && digits.get(whole.clone()).is_some_and(luhn) {
                mark(&mut masked, whole);
            }
        }
    }
    with_bullets(text, &digits, &masked)
}

/// There are enough digits for a card's number.
pub(super) fn may_be_one(text: &str) -> bool {
    text.bytes().filter(u8::is_ascii_digit).count() >= *CARD_DIGITS.start()
}

/// Masks every digit.
pub fn digits_hidden(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_digit() { super::BULLET } else { c }).collect()
}

/// Masks `wanted` where it stands in `text`, whatever stands between its digits.
pub(super) fn hide_digits<'a>(text: &'a str, wanted: &[u8]) -> Cow<'a, str> {
    if wanted.is_empty() {
        return Cow::Borrowed(text);
    }
    let digits = digits(text);
    let mut masked = vec![false; digits.len()];
    for (at, window) in digits.windows(wanted.len()).enumerate() {
        if window.iter().map(|(_, digit)| digit).eq(wanted) {
            mark(&mut masked, at..at + wanted.len());
        }
    }
    with_bullets(text, &digits, &masked)
}

/// Where each digit stands, and what it is.
fn digits(text: &str) -> Vec<(usize, u8)> {
    text.bytes().enumerate().filter(|(_, byte)| byte.is_ascii_digit()).collect()
}

fn mark(masked: &mut [bool], range: std::ops::Range<usize>) {
    masked.iter_mut().take(range.end).skip(range.start).for_each(|one| *one = true);
}

/// Digits that touch each other; groups with the same `chain` have one separator between them.
struct Group {
    start: usize,
    end: usize,
    chain: usize,
}

fn groups(text: &str, digits: &[(usize, u8)]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let (mut chain, mut before) = (0, None);
    for (number, (at, _)) in digits.iter().enumerate() {
        let between = before.and_then(|end| text.as_bytes().get(end..*at));
        match (between, groups.last_mut()) {
            (Some([]), Some(group)) => group.end = number + 1,
            (between, _) => {
                let is_separator = |bytes: &[u8]| SEPARATORS.iter().any(|one| one.as_bytes() == bytes);
                if !between.is_some_and(is_separator) {
                    chain += 1;
                }
                groups.push(Group { start: number, end: number + 1, chain });
            }
        }
        before = Some(at + 1);
    }
    groups
}

fn luhn(digits: &[(usize, u8)]) -> bool {
    passes(digits.iter().map(|(_, digit)| *digit))
}

/// Luhn's check (ISO/IEC 7812) over ASCII digits.
pub(super) fn passes(digits: impl DoubleEndedIterator<Item = u8>) -> bool {
    let mut sum = 0;
    for (place, digit) in digits.rev().enumerate() {
        let value = u32::from(digit.wrapping_sub(b'0')) << (place % 2);
        sum += if value > 9 { value - 9 } else { value };
    }
    sum.is_multiple_of(10)
}

/// `text` with a bullet for each digit that is marked.
fn with_bullets<'a>(text: &'a str, digits: &[(usize, u8)], masked: &[bool]) -> Cow<'a, str> {
    if !masked.contains(&true) {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len() * 2);
    let mut places =
        digits.iter().zip(masked).filter(|(_, masked)| **masked).map(|((at, _), _)| *at).peekable();
    for (at, byte) in text.bytes().enumerate() {
        if places.next_if_eq(&at).is_some() {
            out.extend_from_slice(BULLET);
        } else {
            out.push(byte);
        }
    }
    // Only whole ASCII digits were replaced, so this is text; nothing is the safe answer to a doubt.
    Cow::Owned(String::from_utf8(out).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn card_numbers_are_masked_however_they_are_grouped() {
        assert_eq!(numbers("pay 4242 4242 4242 4242 now"), "pay •••• •••• •••• •••• now");
        assert_eq!(numbers("4242424242424242"), "••••••••••••••••");
        assert_eq!(numbers("3782-822463-10005."), "••••-••••••-•••••.");
        assert_eq!(numbers("Order 17 4242\u{A0}4242 4242 4242"), "Order 17 ••••\u{A0}•••• •••• ••••");
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
