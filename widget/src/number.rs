//! The shape of a telephone number, as far as a form can tell without libphonenumber's tables: digits and
//! the marks people write between them, a length that exists, a country code that is served. The server
//! knows the rest.

/// Dialling codes by ISO 3166 region, five characters each. Source: ITU-T E.164 assigned country codes.
const CODES: &str = "AC247AD376AE971AF93 AG1  AI1  AL355AM374AO244AR54 AS1  AT43 AU61 AW297AX358AZ994BA387BB1  BD880BE32 \
    BF226BG359BH973BI257BJ229BL590BM1  BN673BO591BQ599BR55 BS1  BT975BW267BY375BZ501CA1  CC61 CD243CF236\
    CG242CH41 CI225CK682CL56 CM237CN86 CO57 CR506CU53 CV238CW599CX61 CY357CZ420DE49 DJ253DK45 DM1  DO1  \
    DZ213EC593EE372EG20 EH212ER291ES34 ET251FI358FJ679FK500FM691FO298FR33 GA241GB44 GD1  GE995GF594GG44 \
    GH233GI350GL299GM220GN224GP590GQ240GR30 GT502GU1  GW245GY592HK852HN504HR385HT509HU36 ID62 IE353IL972\
    IM44 IN91 IO246IQ964IR98 IS354IT39 JE44 JM1  JO962JP81 KE254KG996KH855KI686KM269KN1  KP850KR82 KW965\
    KY1  KZ7  LA856LB961LC1  LI423LK94 LR231LS266LT370LU352LV371LY218MA212MC377MD373ME382MF590MG261MH692\
    MK389ML223MM95 MN976MO853MP1  MQ596MR222MS1  MT356MU230MV960MW265MX52 MY60 MZ258NA264NC687NE227NF672\
    NG234NI505NL31 NO47 NP977NR674NU683NZ64 OM968PA507PE51 PF689PG675PH63 PK92 PL48 PM508PR1  PS970PT351\
    PW680PY595QA974RE262RO40 RS381RU7  RW250SA966SB677SC248SD249SE46 SG65 SH290SI386SJ47 SK421SL232SM378\
    SN221SO252SR597SS211ST239SV503SX1  SY963SZ268TA290TC1  TD235TG228TH66 TJ992TK690TL670TM993TN216TO676\
    TR90 TT1  TV688TW886TZ255UA380UG256US1  UY598UZ998VA39 VC1  VE58 VG1  VI1  VN84 VU678WF681WS685XK383\
    YE967YT262ZA27 ZM260ZW263";
const ENTRY: usize = 5;

/// Digits of the shortest national number that is dialled anywhere (small islands).
const SHORTEST: usize = 4;
/// Digits of the longest number, country code included (ITU-T E.164, 6.2.1).
const LONGEST: usize = 15;

/// Why a number cannot be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NumberFault {
    Empty,
    /// Something that is neither a digit nor a mark between digits.
    NotDigits,
    TooShort,
    TooLong,
    /// It begins with a country code that no country has.
    NoSuchCountry,
    /// The business does not call that country; its dialling code.
    NotServed(&'static str),
}

/// The first entry that `is` wanted: its region and its code.
fn entry(is: impl Fn(&str, &'static str) -> bool) -> Option<&'static str> {
    let mut rest = CODES;
    while let Some((entry, after)) = rest.split_at_checked(ENTRY) {
        let (region, code) = entry.split_at_checked(2)?;
        let code = code.trim_ascii_end();
        if is(region, code) {
            return Some(code);
        }
        rest = after;
    }
    None
}

/// Digits of a region's country code; `None` for a region without one.
pub fn dialling_code(region: &str) -> Option<&'static str> {
    entry(|known, _| known == region)
}

/// Checks the shape of what was typed and returns the region that it belongs to: the one it names by its
/// country code, otherwise `region`. `regions` are those that the business calls.
pub fn check(typed: &str, region: &str, regions: &[String]) -> Result<String, NumberFault> {
    let digits = digits(typed)?;
    let plus = typed.trim_ascii_start().starts_with(['+', '＋']);
    let international = match digits.strip_prefix("00") {
        Some(rest) if !plus => Some(rest),
        _ => plus.then_some(digits.as_str()),
    };
    match (digits.len(), international) {
        (0, _) => return Err(NumberFault::Empty),
        (count, _) if count < SHORTEST => return Err(NumberFault::TooShort),
        (count, Some(_)) if count < SHORTEST + 2 => return Err(NumberFault::TooShort),
        (count, _) if count > LONGEST + 2 => return Err(NumberFault::TooLong),
        _ => {}
    }
    let Some(digits) = international else { return Ok(region.to_owned()) };
    if digits.len() > LONGEST {
        return Err(NumberFault::TooLong);
    }
    let code = country_code(digits).ok_or(NumberFault::NoSuchCountry)?;
    if dialling_code(region) == Some(code) && regions.iter().any(|r| r == region) {
        return Ok(region.to_owned());
    }
    let served = regions.iter().find(|r| dialling_code(r) == Some(code));
    served.cloned().ok_or(NumberFault::NotServed(code))
}

/// The country code at the front. No code is the beginning of another, so the first match is the one.
fn country_code(digits: &str) -> Option<&'static str> {
    entry(|_, code| digits.starts_with(code))
}

/// ASCII digits of what was typed; people also write Arabic, Persian and full-width ones.
fn digits(typed: &str) -> Result<String, NumberFault> {
    let mut digits = String::new();
    let mut plus = false;
    for c in typed.chars() {
        let zero = match c {
            '0'..='9' => '0',
            '\u{660}'..='\u{669}' => '\u{660}',
            '\u{6F0}'..='\u{6F9}' => '\u{6F0}',
            '\u{FF10}'..='\u{FF19}' => '\u{FF10}',
            '+' | '＋' if digits.is_empty() && !plus => {
                plus = true;
                continue;
            }
            ' ' | '\u{A0}' | '\u{202F}' | '-' | '\u{2010}'..='\u{2013}' | '.' | '/' | '(' | ')' => continue,
            _ => return Err(NumberFault::NotDigits),
        };
        digits.push(char::from(b'0' + (c as u32 - zero as u32) as u8));
    }
    Ok(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn served() -> Vec<String> {
        ["DE", "GB", "US", "CA"].map(String::from).to_vec()
    }

    #[test]
    fn a_national_number_belongs_to_the_chosen_country() {
        assert_eq!(check("030 23125-042", "DE", &served()), Ok("DE".into()));
        assert_eq!(check("(020) 7946 0958", "GB", &served()), Ok("GB".into()));
    }

    #[test]
    fn a_country_code_wins_over_the_chosen_country() {
        assert_eq!(check("+44 20 7946 0958", "DE", &served()), Ok("GB".into()));
        assert_eq!(check("0044 20 7946 0958", "DE", &served()), Ok("GB".into()));
    }

    #[test]
    fn countries_that_share_a_code_keep_the_chosen_one() {
        assert_eq!(check("+1 202 555 0143", "CA", &served()), Ok("CA".into()));
        assert_eq!(check("+1 202 555 0143", "DE", &served()), Ok("US".into()));
    }

    #[test]
    fn what_cannot_be_a_number_is_named() {
        let fault = |typed: &str| check(typed, "DE", &served()).unwrap_err();
        assert_eq!(fault("  "), NumberFault::Empty);
        assert_eq!(fault("0800 FLOWERS"), NumberFault::NotDigits);
        assert_eq!(fault("030+1234567"), NumberFault::NotDigits);
        assert_eq!(fault("12"), NumberFault::TooShort);
        assert_eq!(fault("+491"), NumberFault::TooShort);
        assert_eq!(fault("+49 30 1234567890123456"), NumberFault::TooLong);
        assert_eq!(fault("+999 1234567"), NumberFault::NoSuchCountry);
        assert_eq!(fault("+33 1 23 45 67 89"), NumberFault::NotServed("33"));
    }

    #[test]
    fn other_scripts_digits_count() {
        assert_eq!(check("٠٣٠٢٣١٢٥٠٤٢", "DE", &served()), Ok("DE".into()));
        assert_eq!(check("＋４９３０２３１２５０４２", "GB", &served()), Ok("DE".into()));
    }

    #[test]
    fn no_country_code_begins_another() {
        let codes: std::collections::BTreeSet<&str> = CODES
            .as_bytes()
            .chunks(ENTRY)
            .map(|entry| str::from_utf8(&entry[2..]).unwrap().trim_end())
            .collect();
        assert_eq!(CODES.len() % ENTRY, 0);
        for code in &codes {
            let longer = codes.iter().find(|other| *other != code && other.starts_with(code));
            assert_eq!(longer, None, "{code}");
        }
    }
}
