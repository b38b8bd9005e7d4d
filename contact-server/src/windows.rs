//! Desired times: local date and time with an IANA zone, made into instants.
//!
//! Where the clock is put forward, a time that does not exist means the first instant after the gap. Where it
//! is put back, a window spans both occurrences: it begins at the earlier and ends at the later.
use std::time::Duration;

use chrono::{Days, MappedLocalTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone as _};
use chrono_tz::Tz;
use shared::{Timestamp, api::Window};

use crate::problem::Code;

/// How far ahead a window may begin.
pub const FARTHEST: Duration = Duration::from_secs(30 * 24 * 3600);
/// The longest gap in any zone's history (Samoa left out a whole day), in minutes.
const LONGEST_GAP_MINUTES: i64 = 24 * 60;

/// Why a window cannot be used. Displayed as a sentence for people that says what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WindowFault {
    #[error("That is no date. Write it like 2026-11-21.")]
    Date,
    #[error("That is no time. Write it like 09:30.")]
    Time,
    #[error("That time zone is not known. Use a name such as Europe/Berlin.")]
    Zone,
    #[error("The window is empty. Choose an end that differs from the beginning.")]
    Empty,
    #[error("That time does not exist on that day, because the clocks are put forward. Choose another.")]
    Skipped,
    #[error("That time has passed. Choose a later one.")]
    Past,
    #[error("That is too far ahead. Choose a day within the next 30.")]
    TooFar,
}

impl WindowFault {
    /// Stable, machine-readable.
    pub fn code(self) -> Code {
        match self {
            Self::Date => Code::WindowDate,
            Self::Time => Code::WindowTime,
            Self::Zone => Code::WindowZone,
            Self::Empty => Code::WindowEmpty,
            Self::Skipped => Code::WindowSkipped,
            Self::Past => Code::WindowPast,
            Self::TooFar => Code::WindowTooFar,
        }
    }

    /// The field of the [`Window`] that is at fault.
    pub fn field(self) -> &'static str {
        match self {
            Self::Date | Self::TooFar => "window.date",
            Self::Time | Self::Skipped | Self::Past => "window.from",
            Self::Zone => "window.zone",
            Self::Empty => "window.until",
        }
    }
}

/// Returns the instants not before and not after which to call.
pub fn resolve(window: &Window, now: Timestamp) -> Result<(Timestamp, Timestamp), WindowFault> {
    let zone: Tz = window.zone.parse().map_err(|_| WindowFault::Zone)?;
    let date = date(&window.date)?;
    let (from, until) = (time(&window.from)?, time(&window.until)?);
    if from == until {
        return Err(WindowFault::Empty);
    }
    let last_date =
        if until < from { date.checked_add_days(Days::new(1)).ok_or(WindowFault::Date)? } else { date };
    let begin = instant(zone, date.and_time(from), Side::Begin)?;
    let end = instant(zone, last_date.and_time(until), Side::End)?;
    if end <= begin {
        return Err(WindowFault::Skipped);
    }
    if end <= now {
        return Err(WindowFault::Past);
    }
    if begin > now + FARTHEST {
        return Err(WindowFault::TooFar);
    }
    Ok((begin, end))
}

#[derive(Clone, Copy)]
enum Side {
    Begin,
    End,
}

fn instant(zone: Tz, local: NaiveDateTime, side: Side) -> Result<Timestamp, WindowFault> {
    let mut local = local;
    for _ in 0..=LONGEST_GAP_MINUTES {
        let found = match (zone.from_local_datetime(&local), side) {
            (MappedLocalTime::Single(at), _)
            | (MappedLocalTime::Ambiguous(at, _), Side::Begin)
            | (MappedLocalTime::Ambiguous(_, at), Side::End) => at,
            (MappedLocalTime::None, _) => {
                local = local.checked_add_signed(TimeDelta::minutes(1)).ok_or(WindowFault::Date)?;
                continue;
            }
        };
        return u64::try_from(found.timestamp_millis()).map(Timestamp).map_err(|_| WindowFault::Past);
    }
    Err(WindowFault::Skipped)
}

/// RFC 3339 full-date, and nothing that a lenient reader would also take.
fn date(text: &str) -> Result<NaiveDate, WindowFault> {
    if !has_shape(text, "0000-00-00") {
        return Err(WindowFault::Date);
    }
    text.parse().map_err(|_| WindowFault::Date)
}

fn time(text: &str) -> Result<NaiveTime, WindowFault> {
    if !has_shape(text, "00:00") {
        return Err(WindowFault::Time);
    }
    NaiveTime::parse_from_str(text, "%H:%M").map_err(|_| WindowFault::Time)
}

/// Digits where the shape has zeros, and the shape's own characters elsewhere.
fn has_shape(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text.bytes().zip(shape.bytes()).all(|(t, s)| if s == b'0' { t.is_ascii_digit() } else { t == s })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn window_is_read_in_its_own_zone() {
        // 2026-11-21 09:30 in Berlin is 08:30 UTC, in Tokyo 00:30 UTC.
        assert_eq!(at("2026-11-21", "09:30", "10:30", "Europe/Berlin"), Ok((utc(21, 8, 30), utc(21, 9, 30))));
        assert_eq!(at("2026-11-21", "09:30", "10:30", "Asia/Tokyo"), Ok((utc(21, 0, 30), utc(21, 1, 30))));
    }

    #[test]
    fn end_before_the_beginning_means_past_midnight() {
        assert_eq!(at("2026-11-21", "23:00", "01:00", "UTC"), Ok((utc(21, 23, 0), utc(22, 1, 0))));
    }

    #[test]
    fn time_in_the_gap_means_the_first_instant_after_it() {
        // Berlin, 2026-03-29: 02:00 to 03:00 do not exist; 03:00 is 01:00 UTC.
        let now = Timestamp(1_774_700_000_000); // 2026-03-28 12:13 UTC
        let gap_end = 1_774_746_000_000; // 2026-03-29 01:00 UTC
        let resolve = |from, until| resolve(&window("2026-03-29", from, until, "Europe/Berlin"), now);
        assert_eq!(resolve("02:30", "04:00"), Ok((Timestamp(gap_end), Timestamp(gap_end + 3_600_000))));
        assert_eq!(resolve("01:30", "02:30"), Ok((Timestamp(gap_end - 1_800_000), Timestamp(gap_end))));
        assert_eq!(resolve("02:10", "02:50"), Err(WindowFault::Skipped));
    }

    #[test]
    fn time_that_comes_twice_spans_both() {
        // New York, 2026-11-01: 01:00 to 02:00 come twice, at 05:00 and 06:00 UTC.
        let now = Timestamp(1_793_450_000_000); // 2026-10-31
        let got = resolve(&window("2026-11-01", "01:15", "01:45", "America/New_York"), now).unwrap();
        let five = 1_793_509_200_000; // 2026-11-01 05:00 UTC
        assert_eq!(got, (Timestamp(five + 15 * 60_000), Timestamp(five + 105 * 60_000)));
    }

    #[test]
    fn window_that_runs_is_accepted_and_one_that_passed_is_refused() {
        // It is 2026-11-20 12:00 UTC.
        assert!(at("2026-11-20", "11:00", "12:30", "UTC").is_ok());
        assert_eq!(at("2026-11-20", "11:00", "12:00", "UTC"), Err(WindowFault::Past));
        assert_eq!(at("1969-01-01", "11:00", "12:00", "UTC"), Err(WindowFault::Past));
    }

    #[test]
    fn thirty_days_ahead_is_the_limit() {
        assert!(at("2026-12-20", "12:00", "13:00", "UTC").is_ok());
        assert_eq!(at("2026-12-20", "12:01", "13:00", "UTC"), Err(WindowFault::TooFar));
        assert_eq!(at("9999-12-31", "23:00", "01:00", "UTC"), Err(WindowFault::TooFar));
    }

    #[test]
    fn malformed_windows_name_their_fault() {
        for date in ["21.11.2026", "2026-13-01", "2026-02-29", "+026-11-21", "2026-1-1", "", "２026-1-1"] {
            assert_eq!(at(date, "09:00", "10:00", "UTC"), Err(WindowFault::Date), "{date}");
        }
        for time in ["9:00", "24:00", "09:60", "09-00", "0９:0", ""] {
            assert_eq!(at("2026-11-21", time, "10:00", "UTC"), Err(WindowFault::Time), "{time}");
        }
        for zone in ["Mars/Base", "", "+01:00"] {
            assert_eq!(at("2026-11-21", "09:00", "10:00", zone), Err(WindowFault::Zone), "{zone}");
        }
        assert_eq!(at("2026-11-21", "09:00", "09:00", "UTC"), Err(WindowFault::Empty));
    }

    /// As seen from 2026-11-20 12:00 UTC.
    fn at(date: &str, from: &str, until: &str, zone: &str) -> Result<(Timestamp, Timestamp), WindowFault> {
        resolve(&window(date, from, until, zone), utc(20, 12, 0))
    }

    fn window(date: &str, from: &str, until: &str, zone: &str) -> Window {
        Window { date: date.into(), from: from.into(), until: until.into(), zone: zone.into() }
    }

    /// In November 2026.
    fn utc(day: u64, hour: u64, minute: u64) -> Timestamp {
        const FIRST: u64 = 1_793_491_200_000; // 2026-11-01 00:00 UTC
        Timestamp(FIRST + (((day - 1) * 24 + hour) * 60 + minute) * 60_000)
    }
}
