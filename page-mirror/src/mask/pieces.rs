//! Payment cards' numbers that are spread over neighbouring texts: four boxes of four digits, one box a digit.
use super::numbers::{CARD_DIGITS, count_digits, passes};

/// A digit: the number of its text, and whether it is the first of those that touch each other.
type Digit = (usize, u8, bool);

/// Which of these texts, in the order of the page, hold a part of a number of which others hold the rest. Numbers are
/// taken as cards write them (fours; four, six, four or five; one by one), so that tables of figures stay. The list ends
/// with the last one that does.
pub fn split_numbers(texts: &mut dyn Iterator<Item = &str>) -> Vec<bool> {
    let mut found = Vec::new();
    let mut digits: Vec<Digit> = Vec::new();
    for (text, content) in texts.enumerate() {
        if count_digits(content) == 0 {
            if !content.bytes().all(may_part) {
                digits.clear();
            }
            continue;
        }
        let mut is_first = true;
        for byte in content.bytes() {
            if byte.is_ascii_digit() {
                digits.push((text, byte, is_first));
            } else if !digits.is_empty() {
                // A number ends here, as it does at the text's end.
                search(&digits, &mut found);
                if !may_part(byte) {
                    digits.clear();
                }
            }
            is_first = !byte.is_ascii_digit();
        }
        search(&digits, &mut found);
        if let Some(surplus) = digits.len().checked_sub(*CARD_DIGITS.end()) {
            digits = digits.split_off(surplus);
        }
    }
    found
}

/// It may stand between the parts of a number.
fn may_part(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == b'-'
}

/// Numbers that end with the last digit.
fn search(digits: &[Digit], found: &mut Vec<bool>) {
    if digits.len() < *CARD_DIGITS.start() {
        return;
    }
    for length in CARD_DIGITS {
        let Some(number) = digits.len().checked_sub(length).and_then(|start| digits.get(start..)) else {
            return;
        };
        // By fours, by four, six and the rest, and one by one.
        let mut groups = [true; 3];
        for (at, (_, _, is_first)) in number.iter().enumerate() {
            let fits = [at % 4 == 0, matches!(at, 0 | 4 | 10), true];
            for (group, fits) in groups.iter_mut().zip(fits) {
                *group &= *is_first == fits;
            }
        }
        // First digits of payment cards (ISO/IEC 7812).
        let is_card = matches!(number.first(), Some((_, b'2'..=b'6', _))) && groups.contains(&true);
        let is_split = number.first().map(|(text, ..)| text) != number.last().map(|(text, ..)| text);
        if is_card && is_split && passes(number.iter().map(|(_, digit, _)| *digit)) {
            for (text, ..) in number {
                found.resize(found.len().max(text + 1), false);
                found[*text] = true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(texts: &[&str]) -> Vec<usize> {
        let found = split_numbers(&mut texts.iter().copied());
        found.iter().enumerate().filter(|(_, found)| **found).map(|(at, _)| at).collect()
    }

    #[test]
    fn numbers_are_found_over_texts() {
        assert_eq!(found(&["a", "4242", " ", "4242", "4242", "4242", "b"]), [1, 3, 4, 5]);
        assert_eq!(found(&["Card 4242", "4242 4242", "4242, thanks"]), [0, 1, 2]);
        assert_eq!(found(&["3782", "822463", "10005"]), [0, 1, 2]);
        let one_by_one: Vec<&str> = "4242424242424242".split("").filter(|part| !part.is_empty()).collect();
        assert_eq!(found(&one_by_one).len(), 16);
        assert_eq!(found(&["7", "4242", "4242", "4242", "4242"]), [1, 2, 3, 4]);
    }

    #[test]
    fn tables_of_figures_stay() {
        assert!(found(&["2019", "2020", "2021", "2022", "2023"]).is_empty());
        assert!(found(&["450", "12", "1300", "99", "4", "17"]).is_empty());
        assert!(found(&["4242", "x", "4242", "4242", "4242"]).is_empty());
        assert!(found(&["4242", "4242", "4242", "4243"]).is_empty());
    }

    proptest! {
        #[test]
        fn any_texts_are_read_to_their_end(texts in prop::collection::vec("[0-9 a-]{0,6}", 0..60)) {
            let found = split_numbers(&mut texts.iter().map(String::as_str));
            prop_assert!(found.len() <= texts.len());
        }
    }
}
