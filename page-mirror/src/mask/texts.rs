//! Texts that a business masks wherever they stand: names, numbers of its customers.
//!
//! In a text, `#` is a digit, `@` a letter, `*` up to 64 letters and digits, a space any spaces; everything else is itself,
//! whatever its case (beyond ASCII: as it is written). What is not ASCII counts as a letter.
use std::borrow::Cow;

use super::bullets;

/// Of what one `*` stands for, in characters.
const LONGEST_RUN: usize = 64;

/// `text` with bullets for whatever fits `pattern`; none if nothing does.
pub(super) fn without(text: &str, pattern: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    let mut is_masked = false;
    while let Some(c) = rest.chars().next() {
        let length = fits(rest, pattern).unwrap_or(0);
        let (part, behind) = rest.split_at_checked(length.max(c.len_utf8()))?;
        is_masked |= length > 0;
        out.push_str(&if length > 0 { bullets(part).into() } else { Cow::Borrowed(part) });
        rest = behind;
    }
    is_masked.then_some(out)
}

/// How much of the beginning of `text` the pattern takes, in bytes.
fn fits(text: &str, pattern: &str) -> Option<usize> {
    let mut rest = text.chars();
    for wanted in pattern.chars() {
        let mut count = 0;
        let most = if matches!(wanted, '*' | ' ') { LONGEST_RUN } else { 1 };
        let mut behind = rest.clone();
        while count < most && behind.next().is_some_and(|c| stands_for(wanted, c)) {
            rest = behind.clone();
            count += 1;
        }
        if count == 0 && wanted != '*' {
            return None;
        }
    }
    Some(text.len() - rest.as_str().len())
}

fn stands_for(wanted: char, c: char) -> bool {
    let is_letter = c.is_ascii_alphabetic() || !c.is_ascii();
    match wanted {
        '#' => c.is_ascii_digit(),
        '@' => is_letter,
        ' ' => c == '\u{A0}' || c.is_ascii_whitespace(),
        '*' => is_letter || c.is_ascii_digit(),
        wanted => c.eq_ignore_ascii_case(&wanted),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn patterns_stand_for_digits_letters_and_runs() {
        for (pattern, given, wanted) in [
            ("K-######", "Customer k-123456.", "Customer ••••••••."),
            ("@@##*", "AB12x9 and ab1", "•••••• and ab1"),
            ("Erika Muster*", "Dear ERIKA\u{A0}\n Mustermann,", "Dear •••••\u{A0}\n ••••••••••,"),
            ("Müller", "Frau Müller Müllers", "Frau •••••• ••••••s"),
            ("##", "12345", "••••5"),
        ] {
            assert_eq!(without(given, pattern).as_deref(), Some(wanted), "{pattern}");
        }
        assert_eq!(without("nothing of it", "K-#"), None);
        assert_eq!(without("", "K"), None);
        assert_eq!(without("anything", ""), None);
    }

    proptest! {
        #[test]
        fn any_text_and_pattern_are_read_to_their_end(text in "\\PC{0,40}", pattern in "[#@* a-c\\PC]{0,8}") {
            let masked = without(&text, &pattern);
            if let Some(masked) = masked {
                prop_assert_eq!(masked.chars().count(), text.chars().count());
            }
        }
    }
}
