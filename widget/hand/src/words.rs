//! What the customer reads.
/// The chip above says "Stop" of the sharing as a whole.
pub(crate) const STOP_CONTROL: &str = "Stop control";
pub(crate) const STOP_POINTING: &str = "Stop pointing";
pub(crate) const ALLOW: &str = "Allow";
pub(crate) const REFUSE: &str = "Don't allow";
pub(crate) const ESCAPE: &str = "Esc stops it, too";
pub(crate) const CLOSE_NOTE: &str = "Remove this note";
pub(crate) const DONE: &str = "Done";
pub(crate) const HIDDEN: &str = "What is hidden";
pub(crate) const HIDDEN_STRIPED: &str = "Agents don’t see what is striped.";
pub(crate) const HIDDEN_NONE: &str = "No field or part of this page is hidden.";
pub(crate) const HIDDEN_ALL: &str = "Agents see no text and no values of this page.";
pub(crate) const HIDDEN_BUT: &str = "Agents see text and values only where it is framed.";
pub(crate) const HIDDEN_TOO: &str =
    "Card numbers, and what you typed into hidden fields, are masked everywhere else.";
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
