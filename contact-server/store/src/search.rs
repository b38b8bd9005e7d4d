//! What a search looks in and what it looks for. Both sides are folded here, so that both databases agree
//! on what "without regard to case" means beyond ASCII.
use contact_core::record::Person;
use shared::api::WrapUp;

/// A longer search is cut to this many characters; it bounds the work of LIKE.
pub(crate) const SEARCH_CHARS: usize = 200;
/// What people write between the digits of a number.
const PUNCTUATION: &str = "+-–./()  ";

/// Lower case, white space as single spaces.
fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(&word.to_lowercase());
    }
    out
}

pub(crate) fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// Fields on lines of their own, which no search can span.
fn lines<'a>(fields: impl IntoIterator<Item = &'a str>) -> String {
    fields.into_iter().map(fold).collect::<Vec<_>>().join("\n")
}

pub(crate) fn of_person(person: &Person) -> String {
    lines([&person.name, &person.number, &person.note].into_iter().flatten().map(String::as_str))
}

pub(crate) fn of_wrap_up(wrap_up: &WrapUp) -> String {
    lines([wrap_up.disposition.as_str(), wrap_up.notes.as_str()])
}

/// Patterns for LIKE, to be used with `ESCAPE '!'`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Patterns {
    pub(crate) text: String,
    /// Only if nothing but a number (or a part of one) was asked for.
    pub(crate) digits: Option<String>,
}

/// None if nothing was asked for.
pub(crate) fn patterns(search: &str) -> Option<Patterns> {
    let cut: String = search.chars().take(SEARCH_CHARS).collect();
    let folded = fold(&cut);
    if folded.is_empty() {
        return None;
    }
    let is_number = folded.chars().all(|c| c.is_ascii_digit() || PUNCTUATION.contains(c));
    // A national number begins with zeros that the international one lacks, as 00 stands for its plus.
    let digits = digits(&folded).trim_start_matches('0').to_owned();
    let digits = (is_number && !digits.is_empty()).then(|| format!("%{digits}%"));
    Some(Patterns { text: format!("%{}%", escape(&folded)), digits })
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '%' | '_' | '!') {
            out.push('!');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_of_like_are_taken_as_they_stand() {
        assert_eq!(text("100%_sure!"), "%100!%!_sure!!%");
    }

    #[test]
    fn case_and_white_space_do_not_matter() {
        assert_eq!(text("  ÄRGER \t Über"), "%ärger über%");
    }

    #[test]
    fn a_number_is_found_however_it_is_written() {
        for written in ["+49 (30) 231-25", "0049 30 23125", "49.30/23125"] {
            assert_eq!(patterns(written).and_then(|p| p.digits).as_deref(), Some("%493023125%"), "{written}");
        }
        assert_eq!(patterns("030 231").and_then(|p| p.digits).as_deref(), Some("%30231%"));
        assert_eq!(patterns("order 12").and_then(|p| p.digits), None);
    }

    #[test]
    fn blanks_and_lone_zeros_ask_for_no_number() {
        assert_eq!(patterns(" \n "), None);
        assert_eq!(patterns("000").and_then(|p| p.digits), None);
    }

    fn text(search: &str) -> String {
        patterns(search).map(|p| p.text).unwrap_or_default()
    }
}
