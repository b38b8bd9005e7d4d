//! Which form fields hold what must not be seen.

/// How the value of a field leaves the browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Secrecy {
    /// As it is, but for numbers and repeated secrets.
    Open,
    /// As bullets, one a character.
    Masked,
    /// As a fixed number of bullets.
    Password,
    /// Not at all.
    Hidden,
}

/// `autocomplete` tokens (HTML, autofill detail tokens) that name a secret; also every `cc-` one.
const AUTOCOMPLETE: [&str; 4] = ["one-time-code", "bday", "bday-day", "transaction-amount"];
/// Words of a field's name, id or label that make it one of the masked kinds.
const WORDS: [&str; 30] = [
    "password",
    "passwd",
    "pwd",
    "passcode",
    "passphrase",
    "secret",
    "pin",
    "otp",
    "totp",
    "mfa",
    "cvc",
    "cvv",
    "cvn",
    "csc",
    "card",
    "cc",
    "ccnumber",
    "iban",
    "bic",
    "ssn",
    "sin",
    "nino",
    "passport",
    "license",
    "licence",
    "identity",
    "dob",
    "birthdate",
    "taxid",
    "token",
];
/// The same for words that are written together or apart.
const PHRASES: [&str; 12] = [
    "cardnumber",
    "creditcard",
    "debitcard",
    "cardholder",
    "securitycode",
    "socialsecurity",
    "accountnumber",
    "routingnumber",
    "sortcode",
    "nationalid",
    "onetimecode",
    "verificationcode",
];
/// Attributes whose text says what a field is for.
const HINTS: [&str; 6] = ["name", "id", "placeholder", "aria-label", "title", "data-field"];

/// A field by its tag and attributes. `once` says that it was a password field before.
pub fn secrecy<'a>(
    tag: &str,
    attributes: impl Iterator<Item = (&'a str, &'a str)> + Clone,
    once: bool,
) -> Secrecy {
    let get = |wanted: &str| attributes.clone().find(|(name, _)| *name == wanted).map(|(_, value)| value);
    let kind = get("type").unwrap_or_default();
    if tag == "input" {
        if kind.eq_ignore_ascii_case("password") || once {
            return Secrecy::Password;
        }
        if kind.eq_ignore_ascii_case("hidden") {
            return Secrecy::Hidden;
        }
        if ["submit", "button", "reset", "image", "checkbox", "radio", "range", "color"]
            .iter()
            .any(|open| kind.eq_ignore_ascii_case(open))
        {
            return Secrecy::Open;
        }
    }
    for token in get("autocomplete").unwrap_or_default().split_ascii_whitespace() {
        let token = token.to_ascii_lowercase();
        if token.ends_with("-password") {
            return Secrecy::Password;
        }
        if token.starts_with("cc-") || AUTOCOMPLETE.contains(&token.as_str()) {
            return Secrecy::Masked;
        }
    }
    if attributes.clone().any(|(name, value)| HINTS.contains(&name) && names_a_secret(value)) {
        return Secrecy::Masked;
    }
    Secrecy::Open
}

/// A name, id or label is about something that is masked.
pub fn names_a_secret(text: &str) -> bool {
    let mut joined = String::new();
    let mut word = String::new();
    let mut lower_before = false;
    for c in text.chars().take(200) {
        let upper = c.is_ascii_uppercase();
        if !c.is_ascii_alphanumeric() || (upper && lower_before) {
            if WORDS.contains(&word.as_str()) {
                return true;
            }
            word.clear();
        }
        if c.is_ascii_alphanumeric() {
            word.push(c.to_ascii_lowercase());
            joined.push(c.to_ascii_lowercase());
        }
        lower_before = c.is_ascii_lowercase();
    }
    WORDS.contains(&word.as_str()) || PHRASES.iter().any(|phrase| super::has(&joined, phrase))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_masked_by_type_hint_and_name() {
        let of = |tag, attributes: &[(&'static str, &'static str)]| {
            secrecy(tag, attributes.iter().copied(), false)
        };
        assert_eq!(of("input", &[("type", "PASSWORD")]), Secrecy::Password);
        assert_eq!(
            of("input", &[("type", "text"), ("autocomplete", "section-a cc-number")]),
            Secrecy::Masked
        );
        assert_eq!(of("input", &[("autocomplete", "current-password")]), Secrecy::Password);
        assert_eq!(of("input", &[("type", "hidden"), ("name", "a")]), Secrecy::Hidden);
        for name in ["cardNumber", "cc_number", "user[ssn]", "credit-card", "Security code", "pin"] {
            assert_eq!(of("input", &[("name", name)]), Secrecy::Masked, "{name}");
        }
        for name in ["email", "shipping", "opinion", "discard", "account", "city", "company"] {
            assert_eq!(of("input", &[("name", name)]), Secrecy::Open, "{name}");
        }
    }

    #[test]
    fn a_field_that_once_was_a_password_stays_one() {
        assert_eq!(secrecy("input", [("type", "text")].into_iter(), true), Secrecy::Password);
    }
}
