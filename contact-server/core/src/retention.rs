//! How long what is kept of a customer who is served: the decision, without a clock.
//!
//! Counted from the request, of contacts that are closed. Three times, the shorter within the longer: where the
//! customer went (trail, context) and, counted from its own beginning, what was recorded of it; who it was (name, number, note, wrap-up), which goes by an erasure; and that
//! there was a call at all (contact, legs, events, without a name), which bills and statistics need longest.
//!
//! Beside those, of the server alone: that somebody was erased (ids, no name), as long as there is a copy of the data
//! in which the customer still stands.
use std::time::Duration;

use serde::{Deserialize, Serialize};
use shared::Timestamp;

const DAY: Duration = Duration::from_hours(24);

/// Days; nought is for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Keep {
    pub trails_days: u32,
    pub recordings_days: u32,
    pub customers_days: u32,
    pub records_days: u32,
    /// Longer than any copy of the data is kept anywhere.
    pub erasures_days: u32,
}

impl Default for Keep {
    fn default() -> Self {
        Self {
            trails_days: 30,
            recordings_days: 30,
            customers_days: 365,
            records_days: 3_650,
            erasures_days: 400,
        }
    }
}

/// What a business says itself, in the place of the server's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeepOf {
    pub trails_days: Option<u32>,
    pub recordings_days: Option<u32>,
    pub customers_days: Option<u32>,
    pub records_days: Option<u32>,
}

impl KeepOf {
    pub fn over(self, server: Keep) -> Keep {
        Keep {
            trails_days: self.trails_days.unwrap_or(server.trails_days),
            recordings_days: self.recordings_days.unwrap_or(server.recordings_days),
            customers_days: self.customers_days.unwrap_or(server.customers_days),
            records_days: self.records_days.unwrap_or(server.records_days),
            erasures_days: server.erasures_days,
        }
    }
}

/// What was requested before these times has been kept long enough. None: for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ends {
    pub trails: Option<Timestamp>,
    /// What began before.
    pub recordings: Option<Timestamp>,
    pub customers: Option<Timestamp>,
    pub records: Option<Timestamp>,
    /// What was asked for before.
    pub erasures: Option<Timestamp>,
}

impl Keep {
    /// A record is never kept for less than its customer, nor a trail or a recording for longer.
    pub fn ends(self, now: Timestamp) -> Ends {
        let customers = before(self.customers_days, now);
        Ends {
            trails: before(self.trails_days, now).max(customers),
            recordings: before(self.recordings_days, now).max(customers),
            customers,
            records: customers.and_then(|customers| Some(before(self.records_days, now)?.min(customers))),
            erasures: before(self.erasures_days, now),
        }
    }
}

/// None as well if so much time has not passed since the clocks' beginning.
fn before(days: u32, now: Timestamp) -> Option<Timestamp> {
    let kept = u64::try_from((DAY * days).as_millis()).unwrap_or(u64::MAX);
    now.0.checked_sub(kept).filter(|_| days > 0).map(Timestamp)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(5_000 * 24 * 3_600_000);

    fn ago(days: u64) -> Option<Timestamp> {
        Some(Timestamp(NOW.0 - days * 24 * 3_600_000))
    }

    fn ends(trails_days: u32, customers_days: u32, records_days: u32) -> Ends {
        let recordings_days = trails_days;
        Keep { trails_days, recordings_days, customers_days, records_days, erasures_days: 0 }.ends(NOW)
    }

    /// Trails and recordings end alike here.
    fn at(trails: Option<Timestamp>, customers: Option<Timestamp>, records: Option<Timestamp>) -> Ends {
        Ends { trails, recordings: trails, customers, records, erasures: None }
    }

    #[test]
    fn each_ends_after_its_own_days() {
        assert_eq!(ends(30, 365, 3_650), at(ago(30), ago(365), ago(3_650)));
        let shorter = Keep { recordings_days: 7, ..Keep::default() }.ends(NOW);
        assert_eq!((shorter.trails, shorter.recordings, shorter.erasures), (ago(30), ago(7), ago(400)));
    }

    #[test]
    fn nought_is_for_ever_and_so_is_more_than_there_was() {
        assert_eq!(ends(0, 0, 0), at(None, None, None));
        assert_eq!(ends(0, 9_999, 0), at(None, None, None));
    }

    #[test]
    fn a_trail_goes_with_its_customer_and_a_record_stays_at_least_as_long() {
        assert_eq!(ends(90, 10, 5), at(ago(10), ago(10), ago(10)));
        assert_eq!(ends(0, 10, 20).trails, ago(10));
        assert_eq!(ends(5, 0, 20), at(ago(5), None, None));
    }

    #[test]
    fn a_business_says_what_it_wants_and_the_server_the_rest() {
        let of = KeepOf { customers_days: Some(7), ..KeepOf::default() };
        assert_eq!(of.over(Keep::default()), Keep { customers_days: 7, ..Keep::default() });
    }
}
