//! All that the small window says.
use line::Voice;
use shared::{
    contact::{CustomerStatus, EndReason, Phase},
    wire::LegTrouble,
};

use crate::state::Live;

pub(crate) const GO_ON: &str = "Go on talking here";
pub(crate) const MUTE: &str = "Mute";
pub(crate) const HANG_UP: &str = "Hang up";
pub(crate) const HEAR: &str = "Tap to hear";
pub(crate) const CLOSE: &str = "Close this window";
pub(crate) const WAITING: &str = "Looking for your call…";
pub(crate) const STRAY: &str =
    "There is no call here. Go back to the shop’s page, and open this window from there.";
pub(crate) const OFFERED: &str = "Keep this window open, and your call goes on wherever you browse.";
pub(crate) const ASKING: &str = "Please allow the microphone.";
pub(crate) const BACK: &str = "The call is in the shop’s page again.";
const MOMENT: &str = "One moment…";

pub(crate) fn title(business: &str) -> String {
    format!("Call with {business}")
}

pub(crate) fn trouble(why: LegTrouble) -> &'static str {
    match why {
        LegTrouble::MicrophoneDenied => {
            "The microphone is blocked. Allow it in the browser’s address bar, and press again."
        }
        LegTrouble::NoMicrophone | LegTrouble::MediaFailed => {
            "We found no microphone. Connect one, and press again."
        }
    }
}

pub(crate) fn status(status: Option<&CustomerStatus>, business: &str) -> String {
    let Some(status) = status else { return MOMENT.into() };
    let who = status.agent.as_deref().unwrap_or(business);
    match status.phase {
        Phase::Scheduled | Phase::Waiting | Phase::Confirming | Phase::Showing => MOMENT.into(),
        Phase::Calling => "Starting your call…".into(),
        Phase::Connecting => format!("Connecting you with {who}. Please hold."),
        Phase::Talking => format!("You’re talking to {who}."),
        Phase::OnHold => format!("{who} has put you on hold for a moment."),
        Phase::Ended => ended(status.reason).into(),
    }
}

fn ended(reason: Option<EndReason>) -> &'static str {
    match reason {
        Some(EndReason::Completed) => "Call ended. Thank you.",
        Some(EndReason::Interrupted) => "The call was cut off on our side. We’re sorry.",
        Some(EndReason::NoAgent) => "Sorry, nobody became free in time.",
        Some(
            EndReason::Cancelled
            | EndReason::Abandoned
            | EndReason::Busy
            | EndReason::NoAnswer
            | EndReason::Rejected
            | EndReason::Unreachable
            | EndReason::NotConfirmed
            | EndReason::OptedOut
            | EndReason::NotAllowed
            | EndReason::WindowClosed
            | EndReason::NoMicrophone
            | EndReason::Shown,
        )
        | None => "The call has ended.",
    }
}

/// What is wrong at the moment, if something is.
pub(crate) fn notice(live: &Live) -> Option<&'static str> {
    match live.voice {
        _ if live.has_ended() => None,
        _ if live.offline => Some("No connection. We’ll go on when you’re back."),
        Some(Voice::Away) => Some("Sound is away for a moment. We’re bringing it back."),
        Some(Voice::MicrophoneLost) => Some("Your microphone is gone. Connect one, and we’ll use it."),
        Some(Voice::Idle | Voice::Up | Voice::Blocked) | None => None,
    }
}

/// `02:14`, or `1:02:14` past an hour.
pub(crate) fn clock(seconds: u64) -> String {
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if hours == 0 {
        format!("{minutes:02}:{seconds:02}")
    } else {
        format!("{hours}:{minutes:02}:{seconds:02}")
    }
}
