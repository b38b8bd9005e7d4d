//! Everything that the widget says, in one place. Plain, short, active, no blame.
//! (What a status means in words is said by the line, `widget/line`, which is there when there is a status.)
use shared::{
    consent::RECORDER,
    contact::{CustomerStatus, Phase},
};

use crate::number::NumberFault;

pub const CLOSE: &str = "Minimise";
pub const NUMBER: &str = "Your telephone number";
pub const COUNTRY: &str = "Country";
pub const REMEMBER: &str = "Remember my number";
pub const FORGET: &str = "Forget me";
pub const WHEN: &str = "When";
pub const NOW: &str = "Now";
pub const LATER: &str = "At a time";
pub const DAY: &str = "Day";
pub const FROM: &str = "From";
pub const UNTIL: &str = "Until";
pub const NOTE: &str = "What is it about?";
pub const OPTIONAL: &str = "(optional)";
pub const CALL_ME: &str = "Call me";
pub const TALK: &str = "Talk in this browser";
pub const TALK_HERE: &str = "Talk in this browser instead";
pub const SHOW_PAGE: &str = "On the phone with us? Show this page";
pub const SENDING: &str = "Sending…";
pub const PROVING: &str = "One moment: checking that you are a person, not a program…";
pub const RETRYING: &str = "No connection. Trying again…";
pub const PERMISSION: &str = "Please allow the microphone.";
pub const OFFLINE: &str = "No connection. We’ll go on when you’re back.";
pub const CANCEL: &str = "Cancel";
pub const HANG_UP: &str = "Hang up";
pub const TRY_AGAIN: &str = "Try again";
pub const PICK_TIME: &str = "Pick a time";
pub const DONE: &str = "Done";
/// In place of the business's name while it is not known.
pub const US: &str = "us";
pub const ASK_AGAIN: &str = "Ask again";
pub const TAP_TO_HEAR: &str = "Tap to hear";
pub const STOP: &str = "Stop";
pub const HIDDEN: &str = "What is hidden?";
pub const SHARE_AGAIN: &str = "Show my page again";
pub const NOT_SHARED: &str = "The agent doesn’t see your page.";
pub const SHARED: &str = "The agent may see this page.";
pub const VOICE_ELSEWHERE: &str = "The call is in your other tab.";
pub const VOICE_LOST: &str = "Sound is away for a moment. We’re bringing it back.";
pub const MICROPHONE_LOST: &str = "Your microphone is gone. Connect one, and we’ll use it.";
pub const LOADING: &str = "One moment…";
pub const NOT_LOADED: &str = "We can’t take calls on this page now.";
pub const CHECK_FIELDS: &str = "Please look at the marked fields.";
pub const NO_ANSWER: &str =
    "We couldn’t reach the call service. Nothing you typed is lost: please try again.";
pub const NOT_KNOWN: &str = "That request has ended. You can ask for a new call.";
pub const MICROPHONE_BLOCKED: &str = "The microphone is blocked. Allow it in the browser’s address bar";
pub const NO_MICROPHONE: &str = "We found no microphone. Connect one";
pub const OR_TELEPHONE: &str = ", or let us call your telephone.";
pub const NOTE_TOO_LONG: &str = "Please keep it under 1,000 characters.";
pub const DAY_MISSING: &str = "Please choose a day and both times.";
pub const TIME_PASSED: &str = "That time has passed. Please choose a later one.";
pub const SAME_TIME: &str = "Please leave some time between From and Until.";
pub const NOT_NOW: &str = "Something went wrong on our side. Please try again in a moment.";

pub fn title(business: &str) -> String {
    ["Talk to ", business].concat()
}

/// Under the title: how long it may take. `wait` in seconds; `None` when nobody is signed in.
pub fn promise(wait: Option<u32>) -> String {
    match wait {
        None => "Nobody is free at the moment. Ask now, and we’ll call as soon as we can.".into(),
        Some(0..=59) => "We can call you right away.".into(),
        Some(seconds) => ["We can call you in about ", &minutes(seconds), "."].concat(),
    }
}

pub fn zone(zone: &str) -> String {
    ["Your time (", zone, ")"].concat()
}

/// A link to a telephone number, when nothing else works.
pub fn call_by_hand(number: &str) -> String {
    ["Call ", number].concat()
}

pub fn number_fault(fault: &NumberFault, business: &str) -> String {
    match fault {
        NumberFault::Empty => "Please type the number that we should call.".into(),
        NumberFault::NotDigits => "A telephone number has digits only, and + at the front.".into(),
        NumberFault::TooShort => "That number is too short.".into(),
        NumberFault::TooLong => "That number is too long.".into(),
        NumberFault::NoSuchCountry => "No country has that code. Please check the digits after the +.".into(),
        NumberFault::NotServed(code) => [business, " doesn’t call numbers with +", code, "."].concat(),
    }
}

fn minutes(seconds: u32) -> String {
    match seconds.div_ceil(60) {
        0 | 1 => "a minute".into(),
        60.. => "an hour".into(),
        minutes => [&minutes.to_string(), " minutes"].concat(),
    }
}

/// `02:14`, or `1:02:14` past an hour.
pub fn clock(seconds: u64) -> String {
    let two = |n: u64| if n < 10 { ["0", &n.to_string()].concat() } else { n.to_string() };
    let tail = [&two(seconds / 60 % 60), ":", &two(seconds % 60)].concat();
    if seconds < 3_600 { tail } else { [&(seconds / 3_600).to_string(), ":", &tail].concat() }
}

/// What the pill says while a contact lives.
pub fn pill(status: &CustomerStatus) -> &'static str {
    match status.phase {
        Phase::Scheduled => "Call planned",
        Phase::Waiting => "In line",
        Phase::Calling => "Calling you",
        Phase::Confirming => "Press 1",
        Phase::Connecting => "Connecting",
        Phase::Talking => "Talking",
        Phase::OnHold => "On hold",
        Phase::Ended => "Call ended",
        Phase::Showing => "Page shown",
    }
}

/// The chip of a shared page: who sees it.
pub fn seen_by(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [people @ .., last] if last == RECORDER => seen_by(people) + " It is recorded.",
        [one] => [one, " sees this page."].concat(),
        [one, two] => [one, " and ", two, " see this page."].concat(),
        [one, rest @ ..] => [one, " and ", &rest.len().to_string(), " others see this page."].concat(),
    }
}

pub fn leads(by: &str, address: &str) -> String {
    [by, " leads you to ", address].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_shows_minutes_and_hours_when_there_are_some() {
        assert_eq!(clock(134), "02:14");
        assert_eq!(clock(3_734), "1:02:14");
    }

    #[test]
    fn waits_are_told_in_whole_minutes() {
        assert_eq!(promise(Some(100)), "We can call you in about 2 minutes.");
        assert_eq!(promise(Some(20)), "We can call you right away.");
        assert_eq!(promise(Some(60)), "We can call you in about a minute.");
    }

    #[test]
    fn a_chip_names_who_looks() {
        let names: Vec<String> = ["Ada", "Ben", "Cleo"].map(String::from).to_vec();
        assert_eq!(seen_by(&names[..1]), "Ada sees this page.");
        assert_eq!(seen_by(&names), "Ada and 2 others see this page.");
        let recorded = ["Ada", RECORDER].map(String::from);
        assert_eq!(seen_by(&recorded), "Ada sees this page. It is recorded.");
    }
}
