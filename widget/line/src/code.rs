//! The code with which an agent on any telephone may look at this page: the customer asks for it, and reads it out.
use shared::{limits::CODE_DIGITS, wire::widget::SessionCode};

/// How it stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Code {
    #[default]
    None,
    Asked,
    /// Digits.
    Given(String),
    /// Not now.
    Refused,
}

impl Code {
    /// What the server answered. What is no code is none.
    pub(crate) fn of(answer: &SessionCode) -> Self {
        match &answer.code {
            Some(code) if code.len() == CODE_DIGITS && code.bytes().all(|digit| digit.is_ascii_digit()) => {
                Self::Given(code.clone())
            }
            Some(_) | None => Self::Refused,
        }
    }

    /// Digits as they are read out, four and four.
    pub(crate) fn grouped(digits: &str) -> String {
        let (front, back) = digits.split_at(digits.len() / 2);
        [front, " ", back].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_alone_are_a_code_and_are_read_out_in_two_groups() {
        let answer =
            |code: Option<&str>| Code::of(&SessionCode { code: code.map(str::to_owned), seconds: 9 });
        assert_eq!(answer(Some("12345678")), Code::Given("12345678".into()));
        for wrong in [None, Some(""), Some("1234567"), Some("1234567x"), Some("١٢٣٤")] {
            assert_eq!(answer(wrong), Code::Refused, "{wrong:?}");
        }
        assert_eq!(Code::grouped("12345678"), "1234 5678");
    }
}
