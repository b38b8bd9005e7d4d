//! Every string of the console that names a state, in one place, ready for translation.
use shared::{
    api::{Channel, Party},
    contact::{EndReason, LegCause, Phase, Presence},
    wire::{LegTrouble, recording::Miss},
};

use crate::{desk::state::Voice, replay::Play};

pub(crate) fn presence(presence: Presence) -> &'static str {
    match presence {
        Presence::Offline => "Offline",
        Presence::Away => "Away",
        Presence::Ready => "Ready",
        Presence::Reserved => "Call coming up",
        Presence::Ringing => "Ringing",
        Presence::Talking => "Talking",
        Presence::WrapUp => "Wrap-up",
    }
}

pub(crate) fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Scheduled => "Scheduled",
        Phase::Waiting => "Waiting",
        Phase::Calling => "Calling the customer",
        Phase::Confirming => "Customer answered, waiting for 1",
        Phase::Connecting => "Customer on the line",
        Phase::Talking => "Talking",
        Phase::OnHold => "On hold",
        Phase::Ended => "Ended",
        Phase::Showing => "Page shown",
    }
}

pub(crate) fn channel(channel: Channel) -> &'static str {
    match channel {
        Channel::Telephone => "Telephone",
        Channel::Browser => "Voice in the page",
        Channel::Page => "Page alone",
    }
}

/// The server cannot be reached. Voice has a way of its own, and may be up all the same.
pub(crate) fn no_connection(voice: Voice) -> &'static str {
    match voice {
        Voice::Live { .. } => "No connection. Trying again; the call goes on.",
        Voice::Broken { .. } | Voice::Failed(_) => "No connection, and no voice. Trying again.",
        Voice::None | Voice::Invited(_) | Voice::Connecting(_) | Voice::Stopped { .. } => {
            "No connection. Trying again."
        }
    }
}

/// The call is on, and this page was loaded again and has no microphone.
pub(crate) fn stopped(why: LegTrouble) -> &'static str {
    match why {
        LegTrouble::MicrophoneDenied => {
            "The customer is still there, but the browser keeps the microphone from this page. Allow it (the icon left of the address), then go on."
        }
        LegTrouble::NoMicrophone | LegTrouble::MediaFailed => {
            "The customer is still there, but no microphone was found. Plug one in, then go on."
        }
    }
}

/// How long a call waits for its agent's voice, in seconds; none: the server has not said it yet.
pub(crate) fn time_left(seconds: Option<u128>) -> String {
    match seconds {
        None => "The call waits for a short while, then it ends.".into(),
        Some(0) => "The time is up: the call is ending.".into(),
        Some(1) => "The call ends in 1 second.".into(),
        Some(seconds) => format!("The call ends in {seconds} seconds."),
    }
}

/// Whose page somebody looks on at.
pub(crate) fn watching(label: &str) -> String {
    match label {
        "" => "You are watching a customer’s page.".into(),
        label => format!("You are watching {label}."),
    }
}

pub(crate) const WATCH_ENDED: &str = "That page is not shown any more: the contact is over.";

pub(crate) fn party(party: Party) -> &'static str {
    match party {
        Party::Customer => "Customer",
        Party::Agent => "Agent",
    }
}

pub(crate) fn reason(reason: EndReason) -> &'static str {
    match reason {
        EndReason::Completed => "Talked",
        EndReason::Cancelled => "Cancelled by the customer",
        EndReason::Abandoned => "Customer hung up before the bridge",
        EndReason::Busy => "The line was busy",
        EndReason::NoAnswer => "Nobody answered",
        EndReason::Rejected => "Refused",
        EndReason::Unreachable => "Not reachable",
        EndReason::NotConfirmed => "Answered, but nobody pressed 1",
        EndReason::OptedOut => "Asked never to be called again",
        EndReason::Interrupted => "Cut off",
        EndReason::NoAgent => "No agent was free",
        EndReason::NotAllowed => "May not be called",
        EndReason::WindowClosed => "The desired time passed",
        EndReason::NoMicrophone => "No microphone in the browser",
        EndReason::Shown => "Page was shown",
    }
}

pub(crate) fn cause(cause: LegCause) -> &'static str {
    match cause {
        LegCause::HungUp => "Hung up",
        LegCause::OtherSide => "The other side hung up",
        LegCause::Busy => "Busy (486)",
        LegCause::NoAnswer => "No answer",
        LegCause::Rejected => "Refused (603)",
        LegCause::Unreachable => "Not reachable",
        LegCause::NotConfirmed => "1 was not pressed",
        LegCause::Cancelled => "Cancelled",
        LegCause::MediaLost => "Media lost",
        LegCause::Interrupted => "Cut off by a restart",
        LegCause::NotAllowed => "Not allowed",
        LegCause::NoMicrophone => "No microphone",
        LegCause::Failed => "Failed",
    }
}

pub(crate) const FOLLOWING: &str = "Following the customer.";
pub(crate) const POINTING: &str = "Your pointer is shown to the customer.";
pub(crate) const HIGHLIGHTING: &str = "Press what you want to show.";
pub(crate) const DRAWING: &str = "Draw on the page. It fades after a moment.";
pub(crate) const PLACING: &str = "Press where the note belongs.";
pub(crate) const PINNED: &str = "The customer sees your note.";
pub(crate) const ASKED: &str = "Waiting for the customer…";
pub(crate) const SAID_NO: &str = "The customer said no.";
pub(crate) const CONTROLS: &str = "You are in control. Following the customer's scrolling.";
pub(crate) const LEADING: &str = "You are in control. Leading: your wheel scrolls the customer's page.";
pub(crate) const TOOK_BACK: &str = "The customer took control back.";
pub(crate) const GAVE_BACK: &str = "You gave control back.";
pub(crate) const POINTING_STOPPED: &str = "The customer does not want to be pointed at anything.";
pub(crate) const FOLLOWS_NOW: &str = "The customer is at it, and comes first: you follow.";

/// Why something was not done in the customer's page, by its code.
pub(crate) fn refused_deed(code: &str) -> &'static str {
    use shared::refused as R;
    match code {
        R::NO_CONTROL => "You are not in control of the page.",
        R::NO_PAGE => "The customer has no page open right now.",
        R::STALE => "The page has just changed. Look again.",
        R::GONE => "That is not on the page any more.",
        R::CHANGED => "That has just changed. Look again before you press it.",
        R::COVERED => "Something else is in front of that.",
        R::CUSTOMER_FIRST => "The customer is at it, and comes first. Try again in a moment.",
        R::MASKED => "What is hidden from you stays the customer's to fill in.",
        R::FILE => "Files are the customer's to choose.",
        R::LEADS_AWAY => "That leads away from the shop. Only the customer can press it.",
        R::CUSTOMER_SENDS => "This form holds something hidden from you: the customer sends it.",
        R::TOO_FAST => "That was too soon. Wait a moment, then try again.",
        _ => "That can't be done there.",
    }
}

/// No answer came at all.
pub(crate) const OFFLINE: &str = "The server cannot be reached. Check your connection, then try again.";
pub(crate) const UNREADABLE: &str =
    "The server's answer makes no sense here. Reload the page; if it stays so, tell your operator.";

pub(crate) const LOADING: &str = "Loading…";
pub(crate) const NOT_RECORDED: &str =
    "No co-browsing was recorded with this contact, or it is not kept any more.";

pub(crate) const TRY_AGAIN: &str = "Try again";
/// It was asked for, and did not come.
pub(crate) const REST_NOT_LOADED: &str = "The rest of the recording could not be loaded.";
pub(crate) const NOTHING_LOADED: &str = "The recording could not be loaded.";
pub(crate) const TOO_MUCH: &str = "This part cannot be shown: it is too far from the last page that was recorded whole. Choose another place.";

pub(crate) const NO_CONTACT: &str = "This contact could not be loaded.";
pub(crate) const NO_LIST: &str = "Whether there is a recording could not be found out.";

/// What a recording shows at a place that is here.
pub(crate) fn replay(missing: Option<Miss>, play: &Play, playable: u64) -> String {
    match missing {
        Some(why) => missed(why).into(),
        None if play.is_over() => "The end of the recording.".into(),
        None if play.playing && play.at >= playable => LOADING.into(),
        None if play.playing => "Playing".into(),
        None => "Paused".into(),
    }
}

/// `8.4 MB, 140 kB a minute`; the latter of what lasts long enough to be said of.
pub(crate) fn size(bytes: usize, seconds: u64) -> String {
    let all = megabytes(bytes);
    let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
    match bytes.saturating_mul(60).checked_div(seconds) {
        Some(rate) if seconds >= 10 => {
            format!("{all}, {} a minute", megabytes(rate.try_into().unwrap_or(usize::MAX)))
        }
        _ => all,
    }
}

/// `0.4 kB`, `140 kB`, `8.4 MB`
pub(crate) fn megabytes(bytes: usize) -> String {
    match bytes {
        0..10_000 => format!("{}.{} kB", bytes / 1_000, bytes / 100 % 10),
        10_000..1_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10),
    }
}

/// Why a part of a recording is missing.
pub(crate) fn missed(why: Miss) -> &'static str {
    match why {
        Miss::LeftOut => "Not recorded: a payment page, or one that asks for a card or identity.",
        Miss::Unseen => "Not recorded: nobody was watching.",
        Miss::Stopped => "Not recorded: the customer had stopped showing the page.",
        Miss::Late => "A part is missing here: the server could not keep up.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_a_call_waits_is_said_in_words() {
        assert_eq!(time_left(Some(12)), "The call ends in 12 seconds.");
        assert_eq!(time_left(Some(1)), "The call ends in 1 second.");
        assert_ne!(time_left(Some(0)), time_left(None));
    }

    #[test]
    fn sizes_are_said_as_people_say_them() {
        assert_eq!([0, 9_960, 140_999, 8_449_999].map(megabytes), ["0.0 kB", "9.9 kB", "140 kB", "8.4 MB"]);
        assert_eq!(size(8_400_000, 3_600), "8.4 MB, 140 kB a minute");
        assert_eq!([size(400, 0), size(20_000, 9)], ["0.4 kB", "20 kB"]);
    }
}
