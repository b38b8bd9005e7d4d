//! What a business may set. A contact keeps the version that it started with.
use std::{collections::BTreeSet, time::Duration};

use serde::{Deserialize, Serialize};
use shared::contact::EndReason;

/// Versioned; a change is an input like any other. Every timer is here, so that stories need not wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    pub version: u32,
    pub dial_mode: DialMode,
    /// Telephone customers press 1 before any agent's leg rings (9: never call again).
    pub press_one: bool,
    pub ring_customer: Duration,
    /// From answer to a pressed key.
    pub confirm_within: Duration,
    /// How long an agent's leg rings before the agent is set away (RONA).
    pub ring_agent: Duration,
    /// From Accept to connected media.
    pub connect_agent: Duration,
    /// A customer on the line with no agent is apologised to and let go after this.
    pub hold_limit: Duration,
    /// A request that could not be served is closed after this.
    pub wait_limit: Duration,
    /// A leg without media lives this long, so that a page may navigate.
    pub media_grace: Duration,
    /// A console that vanished may come back within this and keep its agent's state.
    pub console_grace: Duration,
    /// Wrap-up ends by itself after this; zero means never.
    pub wrap_up_limit: Duration,
    pub retry: Retry,
    /// ISO 3166 alpha-2 regions whose numbers may be called. Empty: no number may.
    pub regions: BTreeSet<String>,
    /// Dials to telephone numbers in any 24 hours. Past it, requests and dials are refused.
    pub dial_budget: u32,
    /// Dials to one number in any 24 hours.
    pub dials_per_number: u32,
    /// Requests that may be open at once.
    pub open_contacts: u32,
    /// Requests for a number that has one, and only look alive, beside those.
    pub merged_contacts: u32,
    /// Skills that a page may name. The empty skill ("anybody") always may.
    pub skills: BTreeSet<String>,
    /// Agents may point at things on a page that they are shown.
    pub pointing: bool,
    /// Agents may ask a customer for control of the page.
    pub control: bool,
    /// Customers are told the names of supervisors who watch, and not only that one does.
    pub name_supervisors: bool,
    /// Customers may show a page, with a code, without asking for a call.
    pub show_page: bool,
    /// Pages that may be shown so at once.
    pub shown_pages: u32,
    /// One that nobody looks at is shown for so long.
    pub show_unseen: Duration,
    /// And any one, from its beginning, for so long.
    pub show_limit: Duration,
    /// A customer who goes to another page must be there again within this.
    pub page_grace: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DialMode {
    /// The customer is dialled while an agent is likely to be free; the agent is chosen at the answer.
    AgentAtAnswer,
    /// An agent is reserved (shown, not ringing) before the dial.
    AgentReserved,
}

/// What follows an attempt that did not reach the customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Retry {
    /// Attempts in all, the first included.
    pub attempts: u32,
    pub after_busy: Duration,
    pub after_no_answer: Duration,
    /// Also after an attempt whose outcome nobody knows.
    pub after_failure: Duration,
}

impl Retry {
    /// When to try again after an attempt that ended so; None if it is not worth another.
    pub fn delay(&self, reason: EndReason) -> Option<Duration> {
        match reason {
            EndReason::Busy => Some(self.after_busy),
            EndReason::NoAnswer => Some(self.after_no_answer),
            EndReason::Interrupted | EndReason::Unreachable => Some(self.after_failure),
            EndReason::Completed
            | EndReason::Cancelled
            | EndReason::Abandoned
            | EndReason::Rejected
            | EndReason::NotConfirmed
            | EndReason::OptedOut
            | EndReason::NoAgent
            | EndReason::NotAllowed
            | EndReason::WindowClosed
            | EndReason::NoMicrophone
            | EndReason::Shown => None,
        }
    }
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 3,
            after_busy: Duration::from_secs(120),
            after_no_answer: Duration::from_secs(600),
            after_failure: Duration::from_secs(5),
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            version: 1,
            dial_mode: DialMode::AgentReserved,
            press_one: true,
            ring_customer: Duration::from_secs(30),
            confirm_within: Duration::from_secs(15),
            ring_agent: Duration::from_secs(15),
            connect_agent: Duration::from_secs(10),
            hold_limit: Duration::from_secs(180),
            wait_limit: Duration::from_secs(12 * 3600),
            media_grace: Duration::from_secs(15),
            console_grace: Duration::from_secs(10),
            wrap_up_limit: Duration::ZERO,
            retry: Retry::default(),
            regions: BTreeSet::new(),
            dial_budget: 500,
            dials_per_number: 5,
            open_contacts: 10_000,
            merged_contacts: 10_000,
            skills: BTreeSet::new(),
            pointing: true,
            control: true,
            name_supervisors: false,
            show_page: true,
            shown_pages: 200,
            show_unseen: Duration::from_mins(10),
            show_limit: Duration::from_mins(60),
            page_grace: Duration::from_mins(1),
        }
    }
}
