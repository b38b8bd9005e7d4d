//! Every string of the console that names a state, in one place, ready for translation.
use shared::{
    api::{Channel, Party},
    contact::{EndReason, LegCause, Phase, Presence},
};

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
    }
}

pub(crate) fn channel(channel: Channel) -> &'static str {
    match channel {
        Channel::Telephone => "Telephone",
        Channel::Browser => "Voice in the page",
    }
}

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
