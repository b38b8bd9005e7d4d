//! What the customer reads.
pub(crate) const STOP: &str = "Stop";
pub(crate) const ALLOW: &str = "Allow";
pub(crate) const REFUSE: &str = "Don't allow";
pub(crate) const ESCAPE: &str = "Esc stops it, too";
pub(crate) const CLOSE_NOTE: &str = "Remove this note";
pub(crate) const STOPPED: &str = "You have control of this page again.";

pub(crate) fn controls(by: &str) -> String {
    format!("{by} can point and click here.")
}

pub(crate) fn points(by: &str) -> String {
    format!("{by} points at something here.")
}

pub(crate) fn note_by(by: &str) -> String {
    format!("Note from {by}")
}
