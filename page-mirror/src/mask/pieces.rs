//! Payment cards' numbers that are spread over neighbouring texts: four boxes of four digits, one box a digit.
use super::numbers::{CARD_DIGITS, passes};

/// Digits that touch each other, and the number of their text.
struct Piece<'a> {
    text: usize,
    digits: &'a [u8],
}

/// More pieces than digits can't be one number.
const MOST_PIECES: usize = *CARD_DIGITS.end();

/// Which of these texts, in the order of the page, hold a part of a number of which others hold the rest. Numbers are
/// taken as cards write them (fours; four, six, four or five; one by one), so that tables of figures stay. The list ends
/// with the last one that does.
pub fn split_numbers<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<bool> {
    let mut found = Vec::new();
    let mut pieces: Vec<Piece<'a>> = Vec::new();
    for (text, content) in texts.enumerate() {
        let content = content.trim().as_bytes();
        let is_part = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b' ' | b'-');
        let (leads, ends) = (content.first().is_some_and(is_part), content.last().is_some_and(is_part));
        if content.is_empty() {
            continue;
        }
        let start = content.iter().take_while(|byte| is_part(byte)).count();
        if leads {
            add(&mut pieces, text, &content[..start]);
            search(&pieces, &mut found);
        }
        if start < content.len() {
            pieces.clear();
            if ends {
                let end = content.iter().rev().take_while(|byte| is_part(byte)).count();
                add(&mut pieces, text, &content[content.len() - end..]);
            }
        }
    }
    found
}

fn add<'a>(pieces: &mut Vec<Piece<'a>>, text: usize, content: &'a [u8]) {
    for digits in content.split(|byte| !byte.is_ascii_digit()).filter(|digits| !digits.is_empty()) {
        if pieces.len() == MOST_PIECES {
            pieces.remove(0);
        }
        pieces.push(Piece { text, digits });
    }
}

/// Numbers that end with the last piece.
fn search(pieces: &[Piece<'_>], found: &mut Vec<bool>) {
    for start in 0..pieces.len() {
        let number = &pieces[start..];
        let digits = || number.iter().flat_map(|piece| piece.digits.iter().copied());
        // First digits of payment cards (ISO/IEC 7812).
        let is_card = matches!(digits().next(), Some(b'2'..=b'6')) && CARD_DIGITS.contains(&digits().count());
        if is_card && is_grouped(number) && passes(digits().collect::<Vec<_>>().into_iter()) {
            for piece in number {
                found.resize(found.len().max(piece.text + 1), false);
                found[piece.text] = true;
            }
        }
    }
}

fn is_grouped(number: &[Piece<'_>]) -> bool {
    let length = |at: usize| number.get(at).map_or(0, |piece| piece.digits.len());
    let last = number.len().saturating_sub(1);
    let all = |wanted: usize| (0..last).all(|at| length(at) == wanted) && length(last) <= wanted;
    all(1) || all(4) || (last == 2 && length(0) == 4 && length(1) == 6)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(texts: &[&str]) -> Vec<usize> {
        let found = split_numbers(texts.iter().copied());
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
            let found = split_numbers(texts.iter().map(String::as_str));
            prop_assert!(found.len() <= texts.len());
        }
    }
}
