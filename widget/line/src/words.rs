//! What stands in the card beside the form's own words: how the contact is doing, and what belongs to the voice. Plain,
//! short, active, no blame.
use shared::{
    api::{Channel, Window},
    contact::{EndReason, Phase},
};

pub(crate) const MUTE: &str = "Mute";
pub(crate) const KEEP: &str = "Keep the call in a small window";
pub(crate) const MOVED: &str = "The call is in its small window, and goes on there if you leave this site.";
pub(crate) const HERE_AGAIN: &str = "Talk here again";
pub(crate) const REFUSED: &str =
    "Your browser blocked the small window. Allow it for this site, and press again.";
pub(crate) const LEAVING: &str =
    "That link leaves this site, and the call with it, unless it is in a small window.";
pub(crate) const LEAVE: &str = "Leave and hang up";
pub(crate) const STAY: &str = "Stay here";

pub(crate) const GET_CODE: &str = "Get a code for an agent";
pub(crate) const READ_CODE: &str =
    "Read this code to the agent, who can then see your pages here. It works once, for five minutes.";
pub(crate) const CODE_ASKED: &str = "One moment…";
pub(crate) const NO_CODE: &str = "There is no code right now. Try again in a minute.";

/// By their numbers in the form's telling: a table of names, or a JSON reader, would weigh more than all the words.
pub(crate) const PHASES: [Phase; 9] = [
    Phase::Scheduled,
    Phase::Waiting,
    Phase::Calling,
    Phase::Confirming,
    Phase::Connecting,
    Phase::Talking,
    Phase::OnHold,
    Phase::Ended,
    Phase::Showing,
];
pub(crate) const REASONS: [EndReason; 15] = [
    EndReason::Completed,
    EndReason::Cancelled,
    EndReason::Abandoned,
    EndReason::Busy,
    EndReason::NoAnswer,
    EndReason::Rejected,
    EndReason::Unreachable,
    EndReason::NotConfirmed,
    EndReason::OptedOut,
    EndReason::Interrupted,
    EndReason::NoAgent,
    EndReason::NotAllowed,
    EndReason::WindowClosed,
    EndReason::NoMicrophone,
    EndReason::Shown,
];

/// What the form knows of a contact.
pub(crate) struct Told {
    pub(crate) phase: Phase,
    pub(crate) channel: Channel,
    pub(crate) position: Option<u32>,
    pub(crate) wait_seconds: Option<u32>,
    pub(crate) agent: Option<String>,
    pub(crate) reason: Option<EndReason>,
    pub(crate) attempts: u32,
    pub(crate) business: String,
    pub(crate) number: Option<String>,
    pub(crate) window: Option<Window>,
}

/// The status line. Speaks of the same moment in the same words, so that it is announced once.
pub(crate) fn status(status: &Told) -> String {
    let here = status.channel == Channel::Browser;
    let (agent, business) = (status.agent.as_deref(), &*status.business);
    match status.phase {
        Phase::Scheduled => scheduled(status),
        Phase::Waiting => {
            let wait = status.wait_seconds.map(|s| [", about ", &minutes(s)].concat()).unwrap_or_default();
            let then = if here { " Please keep a page of ours open." } else { " You can browse on." };
            [&place(status.position), &wait, ".", then].concat()
        }
        Phase::Calling if here => "Starting your call…".into(),
        Phase::Calling => {
            let again = if status.attempts > 1 { "Calling again: " } else { "Calling " };
            let number = status.number.as_deref().unwrap_or("your telephone");
            [again, number, ". Pick up and press 1."].concat()
        }
        Phase::Confirming => "Press 1 on your telephone to be connected.".into(),
        Phase::Connecting => match agent {
            Some(agent) => ["Connecting you with ", agent, "."].concat(),
            None => ["Connecting you with ", business, ". Please hold."].concat(),
        },
        Phase::Talking => ["You’re talking to ", agent.unwrap_or(business), "."].concat(),
        Phase::OnHold => [agent.unwrap_or(business), " has put you on hold for a moment."].concat(),
        Phase::Ended => ended(status.reason, here),
        Phase::Showing => match agent {
            Some(agent) => [agent, " sees this page with you."].concat(),
            None => "Show this page to the agent on your telephone.".into(),
        },
    }
}

fn scheduled(status: &Told) -> String {
    match (&status.window, status.channel) {
        (Some(window), Channel::Telephone) => {
            ["We’ll call you on ", &window.date, ", ", &window.from, " to ", &window.until, "."].concat()
        }
        (Some(window), Channel::Browser) => {
            ["We’ll talk on ", &window.date, ", ", &window.from, " to ", &window.until, ". Please be here."]
                .concat()
        }
        (None, _) | (Some(_), Channel::Page) => "We’ll try again a little later.".into(),
    }
}

fn ended(reason: Option<EndReason>, here: bool) -> String {
    let Some(reason) = reason else { return "The call has ended.".into() };
    let text = match reason {
        EndReason::Completed => "Call ended. Thank you.",
        EndReason::Cancelled => "Cancelled. We won’t call.",
        EndReason::Abandoned if here => "The call ended before anybody came.",
        EndReason::Abandoned => "You hung up before anybody came.",
        EndReason::Busy => "The line was busy.",
        EndReason::NoAnswer => "Nobody picked up.",
        EndReason::Rejected => "The call was refused on your telephone.",
        EndReason::Unreachable if here => "We couldn’t reach your browser.",
        EndReason::Unreachable => "We couldn’t reach that number.",
        // Who opted out is nobody's to be told: no server says it to a page.
        EndReason::NotConfirmed | EndReason::OptedOut => "Nobody pressed 1.",
        EndReason::Interrupted => "The call was cut off on our side. We’re sorry.",
        EndReason::NoAgent => "Sorry, nobody became free in time.",
        EndReason::NotAllowed => "We can’t call that number.",
        EndReason::WindowClosed => "Sorry, nobody was free at that time.",
        EndReason::NoMicrophone => "We couldn’t use your microphone.",
        EndReason::Shown => "Your page isn’t shown any more.",
    };
    text.into()
}

fn place(position: Option<u32>) -> String {
    match position {
        None => "You’re in line".into(),
        Some(0 | 1) => "You’re next".into(),
        Some(2) => "You’re second in line".into(),
        Some(3) => "You’re third in line".into(),
        Some(n) => ["You’re number ", &n.to_string(), " in line"].concat(),
    }
}

fn minutes(seconds: u32) -> String {
    match seconds.div_ceil(60) {
        0 | 1 => "a minute".into(),
        60.. => "an hour".into(),
        minutes => [&minutes.to_string(), " minutes"].concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_phases_and_reasons_are_their_places() {
        assert!(PHASES.iter().enumerate().all(|(place, phase)| *phase as usize == place));
        assert!(REASONS.iter().enumerate().all(|(place, reason)| *reason as usize == place));
    }

    #[test]
    fn how_things_stand_is_told_in_words() {
        let waiting = Told { position: Some(2), wait_seconds: Some(170), ..told(Phase::Waiting) };
        assert_eq!(status(&waiting), "You’re second in line, about 3 minutes. You can browse on.");
        let number = Some("+44 20 7946 0123".to_owned());
        let calling = Told { attempts: 2, number, ..told(Phase::Calling) };
        assert_eq!(status(&calling), "Calling again: +44 20 7946 0123. Pick up and press 1.");
        let shown = Told { agent: Some("Ada".into()), ..told(Phase::Showing) };
        assert_eq!(status(&shown), "Ada sees this page with you.");
        for reason in [EndReason::NotConfirmed, EndReason::OptedOut] {
            let ended = Told { reason: Some(reason), ..told(Phase::Ended) };
            assert_eq!(status(&ended), "Nobody pressed 1.");
        }
        let [date, from, until, zone] = ["2026-11-21", "09:00", "10:00", "Europe/Berlin"].map(String::from);
        let window = Some(Window { date, from, until, zone });
        let planned = Told { channel: Channel::Browser, window, ..told(Phase::Scheduled) };
        assert_eq!(status(&planned), "We’ll talk on 2026-11-21, 09:00 to 10:00. Please be here.");
    }

    fn told(phase: Phase) -> Told {
        Told {
            phase,
            channel: Channel::Telephone,
            position: None,
            wait_seconds: None,
            agent: None,
            reason: None,
            attempts: 1,
            business: "Acme".into(),
            number: None,
            window: None,
        }
    }
}
