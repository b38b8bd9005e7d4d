//! All that the telephone says.
use shared::wire::LegTrouble;

use crate::state::{Call, End, Line, Notice, Off, State};

pub(crate) const ANSWER: &str = "Answer";
pub(crate) const DECLINE: &str = "Decline";
pub(crate) const SILENCE: &str = "Silence";
pub(crate) const HANG_UP: &str = "Hang up";
pub(crate) const MUTE: &str = "Mute";
pub(crate) const DONE: &str = "Done";
pub(crate) const HEAR: &str = "Tap to hear";
pub(crate) const TRY_AGAIN: &str = "Try again";
pub(crate) const USE_HERE: &str = "Use it here";
pub(crate) const RELOAD: &str = "Reload";
pub(crate) const KEYPAD: &str = "Keypad";
pub(crate) const MY_NUMBER: &str = "My number";
pub(crate) const NO_NUMBER: &str = "Telephone";

/// The line that screen readers are told, and what to do next.
pub(crate) fn status(state: &State) -> (String, Option<&'static str>) {
    if let Line::Off(why) = state.line {
        let (what, next) = off(why);
        return (what.into(), Some(next));
    }
    match &state.call {
        Call::Ringing { from, .. } => (format!("{from} is calling"), None),
        Call::Answering { from, .. } => {
            (format!("Connecting with {from}"), Some("If your browser asks for the microphone, allow it."))
        }
        Call::Talking { shaken: true, .. } => ("The line is bad, mending it".into(), None),
        Call::Talking { from, .. } => {
            let cut_off = state.line != Line::Online;
            let next =
                cut_off.then_some("No connection to the exchange: keys wait for it, and so does hanging up.");
            (format!("You're talking to {from}"), next)
        }
        Call::Ended { from, why, .. } => end(from, *why),
        Call::None => match state.line {
            Line::Online => ("Ready".into(), Some("Ask for a call to this number; it rings here.")),
            Line::Waiting => ("No connection".into(), Some("We'll go on when it is back.")),
            Line::Entering | Line::Connecting | Line::Off(_) => ("Connecting".into(), None),
        },
    }
}

fn end(from: &str, why: End) -> (String, Option<&'static str>) {
    match why {
        End::HungUp | End::OtherSide => ("Call ended".into(), None),
        End::Declined => ("Declined".into(), None),
        End::Missed => (format!("You missed a call from {from}"), None),
        End::Trouble(LegTrouble::MicrophoneDenied) => (
            "The browser may not use the microphone".into(),
            Some("Allow it beside the address of this page, then ask for another call."),
        ),
        End::Trouble(LegTrouble::NoMicrophone) => {
            ("There is no microphone".into(), Some("Plug one in, then ask for another call."))
        }
        End::Trouble(LegTrouble::MediaFailed) => (
            "The voice line broke".into(),
            Some("Ask for another call. A firewall that blocks UDP stops it too."),
        ),
    }
}

fn off(why: Off) -> (&'static str, &'static str) {
    match why {
        Off::NoCode => ("This telephone is not switched on", "Open it by the link that the demo printed."),
        Off::BadCode => ("This link was used before", "It works once. Start the demo again for a new one."),
        Off::NoAnswer => ("The server does not answer", "Check that the demo is running, then try again."),
        Off::Revoked => {
            ("This telephone was switched off", "Start the demo again and open the link that it prints.")
        }
        Off::Displaced => ("It rings in other windows now", "You can bring it back here."),
        Off::Outdated => ("There is a newer telephone", "Reload the page to get it."),
        Off::Refused => ("The server refused this telephone", "Reload the page, or start the demo again."),
    }
}

pub(crate) fn notice(notice: Notice) -> &'static str {
    match notice {
        Notice::KeyNotSent => "That key was not sent: no connection. Press it again in a moment.",
        Notice::MicrophoneLost => "The microphone is gone. You still hear the other side.",
    }
}

/// For the tab.
pub(crate) fn title(state: &State) -> String {
    match (&state.call, &state.number) {
        (Call::Ringing { from, .. }, _) => format!("\u{260E} {from} is calling"),
        (Call::Talking { from, .. }, _) => format!("{from} \u{2013} Telephone"),
        (_, Some(number)) => format!("{number} \u{2013} Telephone"),
        (_, None) => NO_NUMBER.into(),
    }
}

/// `02:14`, or `1:02:14`.
pub(crate) fn length(ms: f64) -> String {
    let seconds = (ms.max(0.0) / 1_000.0) as u64;
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes:02}:{seconds:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_read_like_a_clock() {
        assert_eq!(length(134_900.0), "02:14");
        assert_eq!(length(3_734_000.0), "1:02:14");
        assert_eq!(length(-1.0), "00:00");
    }
}
