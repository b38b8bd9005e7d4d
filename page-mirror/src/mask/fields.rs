//! Which form fields hold what must not be seen.
use super::is_one_of;

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
const AUTOCOMPLETE: &str = "one-time-code bday bday-day transaction-amount";
/// Words of a field's name, id or label that make it one of the masked kinds.
const WORDS: &str = "password passwd pwd passcode passphrase secret pin otp totp mfa cvc cvv cvn csc card cc \
    ccnumber iban bic ssn sin nino passport license licence identity dob birthdate taxid \
    token";
/// The same for words that are written together or apart.
const PHRASES: &str = "cardnumber creditcard debitcard cardholder securitycode socialsecurity accountnumber \
    routingnumber sortcode nationalid onetimecode verificationcode";
/// Attributes whose text says what a field is for.
const HINTS: &str = "name id placeholder aria-label title data-field";

/// A field by its tag and attributes. `once` says that it was a password field before.
pub fn secrecy(tag: &str, attributes: &[(&str, &str)], once: bool) -> Secrecy {
    let get = |wanted: &str| {
        let found = attributes.iter().find(|(name, _)| *name == wanted);
        found.map_or("", |(_, value)| value).to_ascii_lowercase()
    };
    if tag == "input" {
        let kind = get("type");
        if kind == "password" || once {
            return Secrecy::Password;
        }
        if kind == "hidden" {
            return Secrecy::Hidden;
        }
        if is_one_of(&kind, "submit button reset image checkbox radio range color") {
            return Secrecy::Open;
        }
    }
    for token in get("autocomplete").split_ascii_whitespace() {
        if token.ends_with("-password") {
            return Secrecy::Password;
        }
        if token.starts_with("cc-") || is_one_of(token, AUTOCOMPLETE) {
            return Secrecy::Masked;
        }
    }
    if attributes.iter().any(|(name, value)| is_one_of(name, HINTS) && names_a_secret(value)) {
        return Secrecy::Masked;
    }
    Secrecy::Open
}

/// A name, id or label is about something that is masked.
pub fn names_a_secret(text: &str) -> bool {
    let mut joined = Vec::new();
    let is_word = |word: Option<&[u8]>| word.is_some_and(|word| super::is_listed(word, WORDS));
    // Where the word at hand begins in `joined`.
    let mut start = 0;
    let mut lower_before = false;
    for c in text.chars().take(200) {
        let upper = c.is_ascii_uppercase();
        if !c.is_ascii_alphanumeric() || (upper && lower_before) {
            if is_word(joined.get(start..)) {
                return true;
            }
            start = joined.len();
        }
        if c.is_ascii_alphanumeric() {
            joined.push(c.to_ascii_lowercase() as u8);
        }
        lower_before = c.is_ascii_lowercase();
    }
    is_word(joined.get(start..)) || super::has_one_of(&joined, PHRASES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_masked_by_type_hint_and_name() {
        let of = |tag, attributes: &[(&'static str, &'static str)]| secrecy(tag, attributes, false);
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
        assert_eq!(secrecy("input", &[("type", "text")], true), Secrecy::Password);
    }
}
