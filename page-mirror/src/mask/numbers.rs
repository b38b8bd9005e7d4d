//! Numbers that could be a payment card's.
use std::borrow::Cow;

/// Digits of a payment card (ISO/IEC 7812).
pub(super) const CARD_DIGITS: std::ops::RangeInclusive<usize> = 13..=19;
const BULLET: &[u8] = "•".as_bytes();

/// Masks the digits of every number of 13 to 19 digits that passes Luhn's check, in groups or in one.
pub fn numbers(text: &str) -> Cow<'_, str> {
    if !may_be_one(text) {
        return Cow::Borrowed(text);
    }
    let digits = digits(text);
    let mut masked = Vec::new();
    for (first, _) in digits.iter().enumerate().filter(|(_, digit)| digit.gap != Gap::None) {
        for end in first + 1..=digits.len() {
            let gap = digits.get(end).map_or(Gap::Other, |next| next.gap);
            let length = end - first;
            if length > *CARD_DIGITS.end() {
                break;
            }
            let number = &digits[first..end];
            if gap != Gap::None && CARD_DIGITS.contains(&length) && luhn(number) {
                mark(&mut masked, text, number);
            }
            if gap == Gap::Other {
                break;
            }
        }
    }
    with_bullets(text, &masked)
}

/// There are enough digits for a card's number.
pub(super) fn may_be_one(text: &str) -> bool {
    text.len() >= *CARD_DIGITS.start() && count_digits(text) >= *CARD_DIGITS.start()
}

/// ASCII digits of a text, eight bytes a step: every text and value of a page is asked.
pub(super) fn count_digits(text: &str) -> usize {
    const EACH: u64 = u64::MAX / 0xFF;
    let (eights, rest) = text.as_bytes().as_chunks();
    let mut others = 0;
    for eight in eights {
        // A digit is less than ten now, and what is added takes no other byte to its top bit, which these have that are.
        let bits = u64::from_le_bytes(*eight) ^ (EACH * 0x30);
        others += ((((bits & (EACH * 0x7F)) + EACH * 0x76) | bits) & (EACH * 0x80)).count_ones() as usize;
    }
    eights.len() * 8 - others + rest.iter().filter(|byte| byte.is_ascii_digit()).count()
}

/// Masks every digit.
pub fn digits_hidden(text: &str) -> String {
    let masked: Vec<bool> = text.bytes().map(|byte| byte.is_ascii_digit()).collect();
    with_bullets(text, &masked).into_owned()
}

/// Masks `wanted` where it stands in `text`, whatever stands between its digits.
pub(super) fn hide_digits<'a>(text: &'a str, wanted: &[u8]) -> Cow<'a, str> {
    if wanted.is_empty() {
        return Cow::Borrowed(text);
    }
    let digits = digits(text);
    let mut masked = Vec::new();
    for window in digits.windows(wanted.len()) {
        if window.iter().map(|digit| &digit.byte).eq(wanted) {
            mark(&mut masked, text, window);
        }
    }
    with_bullets(text, &masked)
}

/// What stands before a digit, behind the digit before it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gap {
    None,
    /// What may stand between groups of digits.
    Separator,
    /// Something else, or this is the first digit.
    Other,
}

struct Digit {
    at: usize,
    byte: u8,
    gap: Gap,
}

fn digits(text: &str) -> Vec<Digit> {
    let mut digits = Vec::new();
    let mut end = None;
    for (at, byte) in text.bytes().enumerate() {
        if byte.is_ascii_digit() {
            let gap = match end.and_then(|end| text.as_bytes().get(end..at)) {
                Some([]) => Gap::None,
                // One character in UTF-8: these four, no-break, thin and narrow no-break space, two of the dashes.
                Some(
                    [b' ' | b'-' | b'.' | b'/'] | [0xC2, 0xA0] | [0xE2, 0x80, 0x89 | 0xAF | 0x91 | 0x93],
                ) => Gap::Separator,
                _ => Gap::Other,
            };
            digits.push(Digit { at, byte, gap });
            end = Some(at + 1);
        }
    }
    digits
}

/// Notes in `masked`, which has an entry for each byte of the text once anything is masked.
fn mark(masked: &mut Vec<bool>, text: &str, digits: &[Digit]) {
    masked.resize(text.len(), false);
    for digit in digits {
        masked[digit.at] = true;
    }
}

fn luhn(digits: &[Digit]) -> bool {
    passes(digits.iter().map(|digit| digit.byte))
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

/// `text` with a bullet for each byte (a digit) that is marked.
fn with_bullets<'a>(text: &'a str, masked: &[bool]) -> Cow<'a, str> {
    if !masked.contains(&true) {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::new();
    for (byte, masked) in text.bytes().zip(masked) {
        if *masked {
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
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn card_numbers_are_masked_however_they_are_grouped() {
        assert_eq!(numbers("pay 4242 4242 4242 4242 now"), "pay •••• •••• •••• •••• now");
        assert_eq!(numbers("4242424242424242"), "••••••••••••••••");
        assert_eq!(numbers("3782-822463-10005."), "••••-••••••-•••••.");
        assert_eq!(numbers("Order 17 4242\u{A0}4242 4242 4242"), "Order 17 ••••\u{A0}•••• •••• ••••");
    }

    proptest! {
        #[test]
        fn digits_are_counted_as_one_by_one(text in "[0-9/:\\PC\u{0}-\u{FF}]{0,40}") {
            prop_assert_eq!(count_digits(&text), text.bytes().filter(u8::is_ascii_digit).count());
        }
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
