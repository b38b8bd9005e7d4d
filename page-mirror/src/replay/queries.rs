//! Media queries about the customer and the screen, answered for the customer.
use crate::codec::prefs;

/// What media queries ask about the customer ([`prefs`]), and device pixels per CSS pixel, in hundredths; 0: not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prefs {
    pub bits: u32,
    pub ratio: u32,
}

impl Default for Prefs {
    fn default() -> Self {
        Self { bits: prefs::PLAIN, ratio: 0 }
    }
}

/// Whether a feature of that name and value is true at the customer's; none: it is about something else.
pub(super) fn answer(name: &str, value: &str, asked: Prefs) -> Option<bool> {
    let has = |bits: u32| asked.bits & bits != 0;
    let (dark, hover) = (has(prefs::DARK), has(prefs::HOVER));
    let (fine, coarse) = (has(prefs::FINE_POINTER), has(prefs::COARSE_POINTER));
    Some(match (name.strip_prefix("any-").unwrap_or(name), value) {
        ("prefers-color-scheme", "dark") => dark,
        ("prefers-color-scheme", "light") => !dark,
        ("prefers-color-scheme", "") => true,
        ("prefers-reduced-motion", "reduce" | "") => has(prefs::REDUCED_MOTION),
        ("prefers-reduced-motion", "no-preference") => !has(prefs::REDUCED_MOTION),
        ("prefers-contrast", "more" | "") => has(prefs::MORE_CONTRAST),
        ("prefers-contrast", "no-preference") => !has(prefs::MORE_CONTRAST),
        ("hover", "hover" | "") => hover,
        ("hover", "none") => !hover,
        ("pointer", "fine") => fine,
        ("pointer", "coarse") => coarse,
        ("pointer", "none") => !(fine || coarse),
        ("pointer", "") => fine || coarse,
        _ => resolution(name, value, asked.ratio)?,
    })
}

/// What is asked of the resolution: at least, at most, or exactly so many dots.
fn resolution(name: &str, value: &str, ratio: u32) -> Option<bool> {
    let (webkit, plain) = (name.strip_prefix("-webkit-"), name.strip_suffix("resolution"));
    let how = webkit.and_then(|name| name.strip_suffix("device-pixel-ratio")).or(plain)?;
    let digits = value.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(value.len());
    let times: f64 = value[..digits].parse().ok()?;
    let dots = match &value[digits..] {
        "dppx" | "x" => times,
        "" if webkit.is_some() => times,
        "dpi" => times / 96.0,
        "dpcm" => times * 2.54 / 96.0,
        _ => return None,
    };
    let apart = f64::from(ratio) - dots * 100.0;
    match how {
        _ if ratio == 0 => None,
        "" => Some(apart.abs() <= 0.5),
        "min-" => Some(apart >= -0.5),
        "max-" => Some(apart <= 0.5),
        _ => None,
    }
}
