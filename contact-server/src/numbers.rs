//! Which telephone numbers can be called, by libphonenumber's rules.
//!
//! In the demo only *fictitious* numbers ring, from ranges that regulators keep for drama and that no
//! telephone has: `+44 20 7946 0xxx` (Ofcom, "Telephone numbers for use in TV and radio drama programmes") and
//! `+1 NPA 555 01xx` (NANPA, 555 line numbers). Outside the demo they are refused.
use std::collections::BTreeSet;

use rlibphonenumber::{
    NumberLengthType, PHONE_NUMBER_UTIL, ParseError, PhoneNumber, PhoneNumberFormat, PhoneNumberType, Region,
    ValidationError,
};

use crate::problem::Code;

/// Longer texts are not looked at.
const LONGEST_TEXT: usize = 64;

/// A parameter of `tel:` URIs (RFC 3966) that nobody types. The library cuts the text wrongly, and panics, where
/// `tel:` stands behind it.
const CONTEXT: &str = ";phone-context=";

/// `+` and 15 digits (ITU-T E.164, section 6.2.1).
const LONGEST_E164: usize = 16;

/// A number that can be called.
#[derive(Clone, PartialEq, Eq)]
pub struct Number {
    /// `+442079460123`
    pub e164: String,
    /// `+44 20 7946 0123`
    pub international: String,
    /// ISO 3166 alpha-2
    pub region: String,
}

/// Why a text is no number that can be called. Displayed as a sentence for people that says what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NumberFault {
    #[error("Please enter a telephone number.")]
    Empty,
    #[error(
        "That is not a telephone number. Use digits, with the country code if you like: +44 20 7946 0123."
    )]
    NotANumber,
    #[error("Please choose a country, or begin the number with + and the country code.")]
    NoCountry,
    #[error("No country has that code. Check the digits after the +.")]
    UnknownCountry,
    #[error("We don't call numbers of that country. Give another number.")]
    Elsewhere,
    #[error("That number is too short. Check whether digits are missing.")]
    TooShort,
    #[error("That number is too long. Check whether it has a digit too many.")]
    TooLong,
    #[error("That number does not exist. Check the digits and the country.")]
    Invalid,
    #[error("Extensions cannot be dialled. Please give a number that rings directly.")]
    Extension,
    #[error("Premium, free-phone and other special numbers are not called. Please give an ordinary one.")]
    Special,
    #[error("That number is reserved for films and cannot ring. Please give your own.")]
    Fictitious,
    #[error("This demo rings only its own telephones. Try +44 20 7946 0123.")]
    NotInDemo,
}

impl NumberFault {
    /// Stable, machine-readable.
    pub fn code(self) -> Code {
        match self {
            Self::Empty => Code::NumberEmpty,
            Self::NotANumber => Code::NumberNotANumber,
            Self::NoCountry => Code::NumberNoCountry,
            Self::UnknownCountry => Code::NumberUnknownCountry,
            Self::Elsewhere => Code::RegionDenied,
            Self::TooShort => Code::NumberTooShort,
            Self::TooLong => Code::NumberTooLong,
            Self::Invalid => Code::NumberInvalid,
            Self::Extension => Code::NumberExtension,
            Self::Special => Code::NumberSpecial,
            Self::Fictitious => Code::NumberFictitious,
            Self::NotInDemo => Code::NumberNotInDemo,
        }
    }
}

/// Reads a number as people type it. A national one is read in `region` (ISO 3166 alpha-2). With `demo` only
/// fictitious numbers pass, without it they don't.
pub fn parse(text: &str, region: Option<&str>, demo: bool) -> Result<Number, NumberFault> {
    read(text, region, demo, |_| true)
}

/// The same, of a number of one of these regions (ISO 3166 alpha-2). Where none of them has its country code it is not
/// looked at any further: the library makes the patterns of a country when its first number comes, up to 17 ms each,
/// and keeps them, 160 MB for all.
pub fn parse_of(
    regions: &BTreeSet<String>,
    text: &str,
    region: Option<&str>,
    demo: bool,
) -> Result<Number, NumberFault> {
    let is_called = |code| regions.iter().any(|region| country_code(region) == Some(code));
    let number = read(text, region, demo, is_called)?;
    if regions.contains(&number.region) { Ok(number) } else { Err(NumberFault::Elsewhere) }
}

fn read(
    text: &str,
    region: Option<&str>,
    demo: bool,
    is_called: impl Fn(i32) -> bool,
) -> Result<Number, NumberFault> {
    let text = text.trim();
    if text.is_empty() {
        return Err(NumberFault::Empty);
    }
    if text.len() > LONGEST_TEXT {
        return Err(NumberFault::TooLong);
    }
    if text.contains(CONTEXT) {
        return Err(NumberFault::NotANumber);
    }
    let default = region.and_then(|code| code.parse::<Region>().ok());
    let number = PhoneNumber::parse(text, default).map_err(|error| fault(&error, text, default))?;
    if !is_called(number.country_code) {
        return Err(NumberFault::Elsewhere);
    }
    if number.extension.as_deref().is_some_and(|digits| !digits.is_empty()) {
        return Err(NumberFault::Extension);
    }
    // libphonenumber reads vanity numbers; a callback to letters is more likely a mistake.
    if text.chars().any(char::is_alphabetic) {
        return Err(NumberFault::NotANumber);
    }
    match number.is_possible_with_reason() {
        Ok(NumberLengthType::IsPossible) => {}
        Ok(NumberLengthType::IsPossibleLocalOnly) | Err(ValidationError::TooShort) => {
            return Err(NumberFault::TooShort);
        }
        Err(ValidationError::TooLong) => return Err(NumberFault::TooLong),
        Err(ValidationError::InvalidLength) => return Err(NumberFault::Invalid),
        Err(ValidationError::InvalidCountryCode) => return Err(NumberFault::UnknownCountry),
    }
    if !number.is_valid() {
        return Err(NumberFault::Invalid);
    }
    let e164 = number.format_as(PhoneNumberFormat::E164).into_owned();
    // libphonenumber knows longer ones. Digits behind a number that rings make other numbers of one telephone,
    // each with limits of its own.
    if e164.len() > LONGEST_E164 {
        return Err(NumberFault::TooLong);
    }
    if !is_ordinary(number.get_type()) {
        return Err(NumberFault::Special);
    }
    match (demo, is_fictitious(&e164)) {
        (true, false) => return Err(NumberFault::NotInDemo),
        (false, true) => return Err(NumberFault::Fictitious),
        (true, true) | (false, false) => {}
    }
    let region =
        number.get_region_code().filter(|region| *region != Region::World).ok_or(NumberFault::Special)?;
    Ok(Number {
        international: number.format_as(PhoneNumberFormat::International).into_owned(),
        e164,
        region: region.to_string(),
    })
}

/// True for an E.164 number of a range that is kept for drama: only the demo's virtual handsets have them.
pub fn is_fictitious(e164: &str) -> bool {
    let Some(digits) = e164.strip_prefix('+').filter(|d| d.bytes().all(|b| b.is_ascii_digit())) else {
        return false;
    };
    match digits.len() {
        12 => digits.starts_with("442079460"),
        11 => digits.starts_with('1') && &digits[4..9] == "55501",
        _ => false,
    }
}

/// True for an ISO 3166 alpha-2 region that has telephone numbers.
pub fn has_country_code(region: &str) -> bool {
    country_code(region).is_some()
}

fn country_code(region: &str) -> Option<i32> {
    PHONE_NUMBER_UTIL.get_country_code_for_region(region.parse().ok()?)
}

fn is_ordinary(kind: PhoneNumberType) -> bool {
    match kind {
        PhoneNumberType::FixedLine
        | PhoneNumberType::Mobile
        | PhoneNumberType::FixedLineOrMobile
        | PhoneNumberType::VoIP => true,
        PhoneNumberType::TollFree
        | PhoneNumberType::PremiumRate
        | PhoneNumberType::SharedCost
        | PhoneNumberType::PersonalNumber
        | PhoneNumberType::Pager
        | PhoneNumberType::UAN
        | PhoneNumberType::VoiceMail
        | PhoneNumberType::Unknown => false,
    }
}

fn fault(error: &ParseError, text: &str, region: Option<Region>) -> NumberFault {
    match error {
        ParseError::InvalidCountryCode if !text.starts_with('+') && region.is_none() => {
            NumberFault::NoCountry
        }
        ParseError::InvalidCountryCode => NumberFault::UnknownCountry,
        ParseError::NotANumber(_) => NumberFault::NotANumber,
        ParseError::TooShortAfterIdd | ParseError::TooShortNsn => NumberFault::TooShort,
        ParseError::TooLongNsn => NumberFault::TooLong,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_other_countries_are_not_looked_at() {
        let regions = BTreeSet::from(["GB".to_owned(), "US".to_owned()]);
        let told = |text| parse_of(&regions, text, Some("GB"), false);
        assert_eq!(told("020 7183 8750").unwrap().region, "GB");
        for text in [
            "+49 30 23125042",
            "+49 900 1 23456",
            "+800 1234 5678",
            "+53 7 8301234",
            // Jersey has Britain's code.
            "+44 1534 700000",
        ] {
            assert_eq!(told(text).err(), Some(NumberFault::Elsewhere), "{text}");
        }
        assert_eq!(told("+1 900 234 5678").err(), Some(NumberFault::Special));
        assert_eq!(
            parse_of(&BTreeSet::new(), "020 7183 8750", Some("GB"), false).err(),
            Some(NumberFault::Elsewhere)
        );
    }

    #[test]
    fn national_number_is_read_in_its_region() {
        let number = parse("030 23125 042", Some("DE"), false).unwrap();
        assert_eq!((number.e164.as_str(), number.region.as_str()), ("+493023125042", "DE"));
        assert_eq!(number.international, "+49 30 23125042");
        assert_eq!(
            parse("+41 44 668 18 00", Some("DE"), false).unwrap().region,
            "CH",
            "a + wins over the region"
        );
    }

    #[test]
    fn unusable_texts_say_what_is_wrong() {
        use NumberFault::*;
        for (text, region, expected) in [
            ("", Some("GB"), Empty),
            ("hello", Some("GB"), NotANumber),
            ("0800 FLOWERS", Some("GB"), NotANumber),
            ("<script>", Some("GB"), NotANumber),
            ("020 7946", None, NoCountry),
            ("0207", Some("GB"), TooShort),
            ("020 7946", Some("GB"), Invalid),
            ("+999 123456", None, UnknownCountry),
            ("+44 20 7946 01234567", None, TooLong),
            ("+44 20 7946 0123 ext. 5", None, Extension),
            ("999", Some("GB"), TooShort),
            ("+44 909 879 0000", None, Special),
            ("+1 900 555 1234", None, Special),
            ("+44 800 123 4567", None, Special),
            ("+800 1234 5678", None, Special),
            ("+1 212 155 1234", None, Invalid),
            ("+44 20 7946 0123", None, Fictitious),
        ] {
            assert_eq!(parse(text, region, false).err(), Some(expected), "{text}");
        }
        assert_eq!(parse(&"1".repeat(65), Some("GB"), false).err(), Some(TooLong));
    }

    #[test]
    fn context_of_a_uri_is_no_part_of_a_number_whatever_stands_behind_it() {
        for text in
            ["12;phone-context=+44;2tel:-", "tel:20-7946-0123;phone-context=+44", ";phone-context=tel:"]
        {
            assert_eq!(parse(text, Some("GB"), true).err(), Some(NumberFault::NotANumber), "{text}");
        }
    }

    #[test]
    fn number_with_more_digits_than_e164_has_is_too_long_also_where_libphonenumber_takes_it() {
        assert_eq!(parse("+49-30-2312404229492", None, false).err(), Some(NumberFault::TooLong));
        assert!(parse("+49 30 23124042294", None, false).is_ok(), "15 digits");
    }

    #[test]
    fn demo_calls_numbers_of_films_alone() {
        for text in ["+44 20 7946 0123", "020 7946 0999", "+1 212 555 0123"] {
            let number = parse(text, Some("GB"), true);
            assert!(
                number.as_ref().is_ok_and(|number| is_fictitious(&number.e164)),
                "{text}: {:?}",
                number.err()
            );
        }
        assert_eq!(parse("+49 30 23125 042", None, true).err(), Some(NumberFault::NotInDemo));
        for real in
            ["+442079461123", "+12125551234", "+1212555012", "442079460123", "+44207946012x", "+1é5555501123"]
        {
            assert!(!is_fictitious(real), "{real}");
        }
    }
}
