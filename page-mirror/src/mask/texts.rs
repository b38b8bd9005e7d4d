//! Texts that a business masks wherever they stand: names, numbers of its customers.
//!
//! In a text, `#` is a digit, `@` a letter, `*` up to 64 letters and digits, a space any spaces; everything else is itself,
//! whatever its case (beyond ASCII: as it is written). What is not ASCII counts as a letter.
use super::bullets;

/// Of what one `*` stands for, in characters.
const LONGEST_RUN: usize = 64;

/// `text` with bullets for whatever fits `pattern`; none if nothing does.
pub(super) fn without(text: &str, pattern: &str) -> Option<String> {
    let mut out = String::new();
    let (mut at, mut copied) = (0, 0);
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        match fits(&text[at..], pattern) {
            Some(length) if length > 0 => {
                out.push_str(&text[copied..at]);
                out.push_str(&bullets(&text[at..at + length]));
                at += length;
                copied = at;
            }
            _ => at += c.len_utf8(),
        }
    }
    out.push_str(&text[copied..]);
    (copied > 0).then_some(out)
}

/// How much of the beginning of `text` the pattern takes, in bytes.
fn fits(text: &str, pattern: &str) -> Option<usize> {
    let mut rest = text;
    for wanted in pattern.chars() {
        let is_letter = |c: char| c.is_ascii_alphabetic() || !c.is_ascii();
        let is_space = |c: char| c == ' ' || c == '\u{A0}' || c.is_ascii_whitespace();
        let run = |is: &dyn Fn(char) -> bool, most: usize| {
            rest.chars().take(most).take_while(|c| is(*c)).map(char::len_utf8).sum::<usize>()
        };
        let length = match wanted {
            '#' => run(&|c| c.is_ascii_digit(), 1),
            '@' => run(&is_letter, 1),
            ' ' => run(&is_space, LONGEST_RUN),
            '*' => run(&|c| is_letter(c) || c.is_ascii_digit(), LONGEST_RUN),
            c => run(&|other| c.eq_ignore_ascii_case(&other), 1),
        };
        if length == 0 && wanted != '*' {
            return None;
        }
        rest = &rest[length..];
    }
    Some(text.len() - rest.len())
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
