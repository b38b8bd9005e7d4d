//! The shape of a telephone number, as far as a form can tell without libphonenumber's tables: digits and
//! the marks people write between them, a length that exists, a country code that is served. The server
//! knows the rest.

/// Dialling codes by ISO 3166 region. Source: ITU-T E.164 assigned country codes.
const CODES: &str = "AC247 AD376 AE971 AF93 AG1 AI1 AL355 AM374 AO244 AR54 AS1 AT43 AU61 AW297 AX358 AZ994 BA387 BB1 \
    BD880 BE32 BF226 BG359 BH973 BI257 BJ229 BL590 BM1 BN673 BO591 BQ599 BR55 BS1 BT975 BW267 BY375 BZ501 CA1 CC61 \
    CD243 CF236 CG242 CH41 CI225 CK682 CL56 CM237 CN86 CO57 CR506 CU53 CV238 CW599 CX61 CY357 CZ420 DE49 DJ253 DK45 \
    DM1 DO1 DZ213 EC593 EE372 EG20 EH212 ER291 ES34 ET251 FI358 FJ679 FK500 FM691 FO298 FR33 GA241 GB44 GD1 GE995 \
    GF594 GG44 GH233 GI350 GL299 GM220 GN224 GP590 GQ240 GR30 GT502 GU1 GW245 GY592 HK852 HN504 HR385 HT509 HU36 ID62 \
    IE353 IL972 IM44 IN91 IO246 IQ964 IR98 IS354 IT39 JE44 JM1 JO962 JP81 KE254 KG996 KH855 KI686 KM269 KN1 KP850 KR82 \
    KW965 KY1 KZ7 LA856 LB961 LC1 LI423 LK94 LR231 LS266 LT370 LU352 LV371 LY218 MA212 MC377 MD373 ME382 MF590 MG261 \
    MH692 MK389 ML223 MM95 MN976 MO853 MP1 MQ596 MR222 MS1 MT356 MU230 MV960 MW265 MX52 MY60 MZ258 NA264 NC687 NE227 \
    NF672 NG234 NI505 NL31 NO47 NP977 NR674 NU683 NZ64 OM968 PA507 PE51 PF689 PG675 PH63 PK92 PL48 PM508 PR1 PS970 \
    PT351 PW680 PY595 QA974 RE262 RO40 RS381 RU7 RW250 SA966 SB677 SC248 SD249 SE46 SG65 SH290 SI386 SJ47 SK421 SL232 \
    SM378 SN221 SO252 SR597 SS211 ST239 SV503 SX1 SY963 SZ268 TA290 TC1 TD235 TG228 TH66 TJ992 TK690 TL670 TM993 TN216 \
    TO676 TR90 TT1 TV688 TW886 TZ255 UA380 UG256 US1 UY598 UZ998 VA39 VC1 VE58 VG1 VI1 VN84 VU678 WF681 WS685 XK383 \
    YE967 YT262 ZA27 ZM260 ZW263";

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

/// Digits of a region's country code; `None` for a region without one.
pub fn dialling_code(region: &str) -> Option<&'static str> {
    CODES.split(' ').find(|entry| entry.get(..2) == Some(region)).and_then(|entry| entry.get(2..))
}

/// Checks the shape of what was typed and returns the region that it belongs to: the one it names by its
/// country code, otherwise `region`. `regions` are those that the business calls.
pub fn check(typed: &str, region: &str, regions: &[String]) -> Result<String, NumberFault> {
    let typed = typed.trim();
    let digits = digits(typed)?;
    let international = match digits.strip_prefix("00") {
        Some(rest) if !typed.starts_with('+') => Some(rest),
        _ => typed.starts_with(['+', '＋']).then_some(digits.as_str()),
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
    CODES.split(' ').filter_map(|entry| entry.get(2..)).find(|code| digits.starts_with(code))
}

/// ASCII digits of what was typed; people also write Arabic, Persian and full-width ones.
fn digits(typed: &str) -> Result<String, NumberFault> {
    let mut digits = String::new();
    for (at, c) in typed.char_indices() {
        let zero = match c {
            '0'..='9' => '0',
            '\u{660}'..='\u{669}' => '\u{660}',
            '\u{6F0}'..='\u{6F9}' => '\u{6F0}',
            '\u{FF10}'..='\u{FF19}' => '\u{FF10}',
            '+' | '＋' if at == 0 => continue,
            ' ' | '\u{A0}' | '\u{202F}' | '-' | '\u{2010}'..='\u{2013}' | '.' | '/' | '(' | ')' => continue,
            _ => return Err(NumberFault::NotDigits),
        };
        digits.extend(char::from_digit(c as u32 - zero as u32, 10));
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
        let codes: std::collections::BTreeSet<&str> = CODES.split(' ').map(|entry| &entry[2..]).collect();
        for code in &codes {
            let longer = codes.iter().find(|other| *other != code && other.starts_with(code));
            assert_eq!(longer, None, "{code}");
        }
    }
}
