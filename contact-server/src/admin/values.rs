//! What may be set, and how it is written: the names and shapes of fields and settings.
use std::{collections::BTreeSet, time::Duration};

use anyhow::{Context as _, bail, ensure};
use contact_core::{Settings, settings::DialMode};
use store::Business;

use crate::{dialer::drivers, masking, numbers};

/// Longest name of a business, an agent or a skill, in characters.
const NAME_CHARS: usize = 100;
/// Longest time that a setting may have: what `wait_limit` could sensibly be.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 3600);

/// A century.
const MOST_DAYS: u32 = 36_500;

pub(super) fn name(text: &str) -> anyhow::Result<String> {
    let text = text.trim();
    ensure!(!text.is_empty(), "a name must not be empty");
    ensure!(text.chars().count() <= NAME_CHARS, "a name has at most {NAME_CHARS} characters");
    ensure!(!text.chars().any(char::is_control), "a name must not hold control characters");
    Ok(text.to_owned())
}

/// Logins and keys stand in URLs and command lines.
pub(super) fn login(text: &str) -> anyhow::Result<String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '@' | '+');
    ensure!(
        (2..=64).contains(&text.len()) && text.chars().all(is_plain),
        "a login has 2 to 64 letters, digits and . - _ @ +, without spaces"
    );
    Ok(text.to_owned())
}

/// Of a text that customers agree to, such as `2` or `2026-11`.
pub(super) fn version(text: &str) -> anyhow::Result<String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    ensure!(
        (1..=32).contains(&text.len()) && text.chars().all(is_plain),
        "a version has 1 to 32 letters, digits and . - _, without spaces"
    );
    Ok(text.to_owned())
}

pub(super) fn key(text: &str) -> anyhow::Result<String> {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    ensure!(
        (3..=64).contains(&text.len()) && text.chars().all(is_plain),
        "a key has 3 to 64 small letters, digits, - and _"
    );
    Ok(text.to_owned())
}

pub(super) fn skill(text: &str) -> anyhow::Result<String> {
    let skill = name(text)?;
    ensure!(skill.len() <= 64, "a skill has at most 64 bytes");
    ensure!(!skill.contains(','), "a skill must not hold a comma");
    Ok(skill)
}

pub(super) fn region(text: &str) -> anyhow::Result<String> {
    let region = text.trim().to_ascii_uppercase();
    ensure!(
        region.len() == 2 && numbers::has_country_code(&region),
        "`{text}` is no country: use its two letters, such as GB, DE or US"
    );
    Ok(region)
}

/// A driver's name; no text is the server's.
fn dialer(text: &str) -> anyhow::Result<Option<String>> {
    if text.is_empty() {
        return Ok(None);
    }
    let names: Vec<_> = drivers::names().collect();
    ensure!(names.contains(&text), "there is no dialer `{text}`; there are {}", names.join(", "));
    Ok(Some(text.to_owned()))
}

/// Days that something is kept: nought is for ever, no text is what the server says.
fn days(text: &str) -> anyhow::Result<Option<u32>> {
    if text.is_empty() {
        return Ok(None);
    }
    let days = text.parse().ok().filter(|days| *days <= MOST_DAYS);
    Ok(Some(days.with_context(|| format!("`{text}` is no number of days up to {MOST_DAYS}"))?))
}

/// Paths of pages, as [`crate::archive::rules`] reads them.
fn patterns(text: &str) -> anyhow::Result<Vec<String>> {
    let patterns = items(text);
    for pattern in &patterns {
        ensure!(
            pattern.starts_with('/') && pattern.len() <= crate::archive::rules::LONGEST,
            "`{pattern}` is no path: write it like /checkout/** or /**/payment"
        );
    }
    ensure!(
        patterns.len() <= crate::archive::rules::MOST,
        "there are at most {} patterns",
        crate::archive::rules::MOST
    );
    Ok(patterns)
}

fn kept(days: Option<u32>) -> String {
    days.map(|days| days.to_string()).unwrap_or_default()
}

/// Texts between commas; no text is no item.
pub(super) fn items(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

pub(super) fn list<'a>(items: impl IntoIterator<Item = &'a String>) -> String {
    items.into_iter().map(String::as_str).collect::<Vec<_>>().join(",")
}

pub(super) fn set_business(business: &mut Business, field: &str, value: &str) -> anyhow::Result<()> {
    match field {
        "name" => business.name = name(value)?,
        "default_region" => business.default_region = region(value)?,
        "fallback_number" => {
            business.fallback_number = match value {
                "" => None,
                text => Some(numbers::parse(text, Some(&business.default_region), false)?.e164),
            };
        }
        "consent_version" => bail!("a version belongs to a text: use `ringside admin consent set`"),
        "currency" => {
            ensure!(
                value.len() == 3 && value.bytes().all(|b| b.is_ascii_uppercase()),
                "a currency is like EUR"
            );
            business.currency = value.to_owned();
        }
        "dispositions" => business.dispositions = items(value),
        "away_reasons" => business.away_reasons = items(value),
        "browser_voice" => business.browser_voice = flag(value)?,
        "mask_selectors" => business.mask_selectors = masking::selectors(value)?,
        "unmask_selectors" => business.masking.unmask_selectors = masking::selectors(value)?,
        "block_selectors" => business.masking.block_selectors = masking::selectors(value)?,
        "mask_texts" => business.masking.texts = masking::texts(value)?,
        "hidden_pages" => business.masking.hidden_pages = masking::pages(value)?,
        "strict_pages" => business.masking.strict_pages = masking::pages(value)?,
        "mask_strict" => business.mask_strict = flag(value)?,
        "mask_off" => business.mask_off = flag(value)?,
        "dialer" => business.dialer = dialer(value)?,
        "record_cobrowse" => business.record_cobrowse = flag(value)?,
        "pause_recording" => business.pause_recording = patterns(value)?,
        "keep_trails_days" => business.keep.trails_days = days(value)?,
        "keep_recordings_days" => business.keep.recordings_days = days(value)?,
        "keep_customers_days" => business.keep.customers_days = days(value)?,
        "keep_records_days" => business.keep.records_days = days(value)?,
        _ => {
            let fields: Vec<_> = show_business(business).into_iter().map(|(field, _)| field).collect();
            bail!("a business has no field `{field}`; it has {}", fields.join(", "))
        }
    }
    Ok(())
}

pub(super) fn show_business(business: &Business) -> Vec<(&'static str, String)> {
    vec![
        ("name", business.name.clone()),
        ("default_region", business.default_region.clone()),
        ("fallback_number", business.fallback_number.clone().unwrap_or_default()),
        ("consent_version", business.consent_version.clone()),
        ("currency", business.currency.clone()),
        ("dispositions", list(&business.dispositions)),
        ("away_reasons", list(&business.away_reasons)),
        ("browser_voice", business.browser_voice.to_string()),
        ("mask_selectors", list(&business.mask_selectors)),
        ("unmask_selectors", list(&business.masking.unmask_selectors)),
        ("block_selectors", list(&business.masking.block_selectors)),
        ("mask_texts", list(&business.masking.texts)),
        ("hidden_pages", list(&business.masking.hidden_pages)),
        ("strict_pages", list(&business.masking.strict_pages)),
        ("mask_strict", business.mask_strict.to_string()),
        ("mask_off", business.mask_off.to_string()),
        ("dialer", business.dialer.clone().unwrap_or_default()),
        ("record_cobrowse", business.record_cobrowse.to_string()),
        ("pause_recording", list(&business.pause_recording)),
        ("keep_trails_days", kept(business.keep.trails_days)),
        ("keep_recordings_days", kept(business.keep.recordings_days)),
        ("keep_customers_days", kept(business.keep.customers_days)),
        ("keep_records_days", kept(business.keep.records_days)),
    ]
}

pub(super) fn set_setting(settings: &mut Settings, setting: &str, value: &str) -> anyhow::Result<()> {
    if let Some(timer) = timer(settings, setting) {
        *timer = duration(value)?;
        return Ok(());
    }
    if let Some(limit) = limit(settings, setting) {
        *limit = value.parse().with_context(|| format!("`{value}` is no whole number"))?;
        return Ok(());
    }
    match setting {
        "dial_mode" => {
            settings.dial_mode = match value {
                "agent_at_answer" => DialMode::AgentAtAnswer,
                "agent_reserved" => DialMode::AgentReserved,
                _ => bail!("dial_mode is agent_at_answer or agent_reserved"),
            };
        }
        "press_one" => settings.press_one = flag(value)?,
        "pointing" => settings.pointing = flag(value)?,
        "control" => settings.control = flag(value)?,
        "name_supervisors" => settings.name_supervisors = flag(value)?,
        "show_page" => settings.show_page = flag(value)?,
        "regions" => {
            settings.regions = items(value).iter().map(|text| region(text)).collect::<anyhow::Result<_>>()?;
        }
        "skills" => {
            settings.skills =
                items(value).iter().map(|text| skill(text)).collect::<anyhow::Result<BTreeSet<_>>>()?;
        }
        _ => {
            let names: Vec<_> = show_settings(settings).into_iter().map(|(name, _)| name).collect();
            bail!("there is no setting `{setting}`; there are {}", names.join(", "))
        }
    }
    Ok(())
}

const TIMERS: [&str; 15] = [
    "ring_customer",
    "confirm_within",
    "ring_agent",
    "connect_agent",
    "hold_limit",
    "wait_limit",
    "media_grace",
    "console_grace",
    "wrap_up_limit",
    "show_unseen",
    "show_limit",
    "page_grace",
    "retry.after_busy",
    "retry.after_no_answer",
    "retry.after_failure",
];
const LIMITS: [&str; 6] =
    ["dial_budget", "dials_per_number", "open_contacts", "merged_contacts", "shown_pages", "retry.attempts"];

fn timer<'a>(settings: &'a mut Settings, name: &str) -> Option<&'a mut Duration> {
    Some(match name {
        "ring_customer" => &mut settings.ring_customer,
        "confirm_within" => &mut settings.confirm_within,
        "ring_agent" => &mut settings.ring_agent,
        "connect_agent" => &mut settings.connect_agent,
        "hold_limit" => &mut settings.hold_limit,
        "wait_limit" => &mut settings.wait_limit,
        "media_grace" => &mut settings.media_grace,
        "console_grace" => &mut settings.console_grace,
        "wrap_up_limit" => &mut settings.wrap_up_limit,
        "show_unseen" => &mut settings.show_unseen,
        "show_limit" => &mut settings.show_limit,
        "page_grace" => &mut settings.page_grace,
        "retry.after_busy" => &mut settings.retry.after_busy,
        "retry.after_no_answer" => &mut settings.retry.after_no_answer,
        "retry.after_failure" => &mut settings.retry.after_failure,
        _ => return None,
    })
}

fn limit<'a>(settings: &'a mut Settings, name: &str) -> Option<&'a mut u32> {
    Some(match name {
        "dial_budget" => &mut settings.dial_budget,
        "dials_per_number" => &mut settings.dials_per_number,
        "open_contacts" => &mut settings.open_contacts,
        "merged_contacts" => &mut settings.merged_contacts,
        "shown_pages" => &mut settings.shown_pages,
        "retry.attempts" => &mut settings.retry.attempts,
        _ => return None,
    })
}

pub(super) fn show_settings(settings: &Settings) -> Vec<(&'static str, String)> {
    let mut copy = settings.clone();
    let mode = match settings.dial_mode {
        DialMode::AgentAtAnswer => "agent_at_answer",
        DialMode::AgentReserved => "agent_reserved",
    };
    let mut shown = vec![
        ("dial_mode", mode.to_owned()),
        ("press_one", settings.press_one.to_string()),
        ("pointing", settings.pointing.to_string()),
        ("control", settings.control.to_string()),
        ("name_supervisors", settings.name_supervisors.to_string()),
        ("show_page", settings.show_page.to_string()),
        ("regions", list(&settings.regions)),
        ("skills", list(&settings.skills)),
    ];
    for name in TIMERS {
        shown.extend(timer(&mut copy, name).map(|timer| (name, written(*timer))));
    }
    for name in LIMITS {
        shown.extend(limit(&mut copy, name).map(|limit| (name, limit.to_string())));
    }
    shown
}

fn flag(text: &str) -> anyhow::Result<bool> {
    text.parse().with_context(|| format!("`{text}` is neither true nor false"))
}

/// `1500ms`, `90s`, `15m` or `2h`.
fn duration(text: &str) -> anyhow::Result<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (count, unit) = text.split_at(digits);
    let ms = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => bail!("`{text}` is no time: write it like 90s, 15m, 2h or 1500ms"),
    };
    let count: u64 = count.parse().with_context(|| format!("`{text}` has no number before its unit"))?;
    let duration = Duration::from_millis(count.saturating_mul(ms));
    ensure!(duration <= LONGEST, "`{text}` is longer than 30 days");
    Ok(duration)
}

fn written(duration: Duration) -> String {
    match duration.as_millis() {
        ms if ms % 1_000 != 0 => format!("{ms}ms"),
        ms => format!("{}s", ms / 1_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_that_is_shown_can_be_set_to_what_is_shown() {
        let mut settings = Settings { regions: ["GB".to_owned()].into(), ..Settings::default() };
        let before = settings.clone();
        for (name, value) in show_settings(&before) {
            set_setting(&mut settings, name, &value).unwrap();
        }
        assert_eq!(settings, before);
    }

    #[test]
    fn times_are_written_with_their_unit() {
        assert_eq!(duration("1500ms").unwrap(), Duration::from_millis(1_500));
        assert_eq!(duration("2h").unwrap(), Duration::from_secs(7_200));
        for text in ["90", "s", "-1s", "1d", "1.5s", "", "721h", "99999999999999999999s"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn unknown_names_are_answered_with_the_known_ones() {
        let error = set_setting(&mut Settings::default(), "ring", "1s").unwrap_err().to_string();
        assert!(error.contains("ring_customer") && error.contains("retry.attempts"), "{error}");
    }

    #[test]
    fn countries_have_two_letters_and_a_calling_code() {
        assert_eq!(region("gb").unwrap(), "GB");
        for text in ["UK", "XX", "GBR", "", "44"] {
            assert!(region(text).is_err(), "{text}");
        }
    }
}
