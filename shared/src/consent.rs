//! The line above the button, by whose press a customer agrees to be called and seen.
//!
//! A business may set a text of its own. What is stored with a request is the version; the text of a version
//! never changes, so whoever changes [`TEXT`] gives it a new [`VERSION`].

use alloc::string::String;

extern crate alloc;

/// The version of [`TEXT`].
pub const VERSION: &str = "1";
/// What stands there unless the business has set something else.
pub const TEXT: &str = "The agent will see the pages you visit here, and the last ones before, until you press Stop \
    or the call ends. Password and card fields are hidden.";

/// Behind the version of whatever text stands there, where co-browsing is recorded: [`RECORDING_TEXT`] stands behind
/// that text. No version of a business's own has a plus.
pub const RECORDING_SUFFIX: &str = "+rec1";
/// What is added where a business records what its agents see.
pub const RECORDING_TEXT: &str = "What the agent sees is recorded, except payment pages.";

/// Whoever agreed to this version agreed to be recorded.
pub fn covers_recording(version: &str) -> bool {
    version.ends_with(RECORDING_SUFFIX)
}

/// The version and the text with what has to be said where co-browsing is recorded.
pub fn with_recording(version: &str, text: &str) -> (String, String) {
    ([version, RECORDING_SUFFIX].concat(), [text, " ", RECORDING_TEXT].concat())
}

/// Among the names of those who see the page, where it is recorded: no agent is called so.
pub const RECORDER: &str = "\u{25cf}";

/// The version of [`CONTROL_TEXT`].
pub const CONTROL_VERSION: &str = "control-1";
/// What a customer agrees to who gives an agent control of the page. `{agent}` is the agent's first name.
pub const CONTROL_TEXT: &str = "Let {agent} click, type and scroll on this page with you? Passwords, card details and \
    files stay out of reach. You can stop it at any time.";
/// The version of [`POINT_TEXT`].
pub const POINT_VERSION: &str = "point-1";
/// The same for pointing, after the customer had stopped it.
pub const POINT_TEXT: &str = "Let {agent} point at things on this page again?";

/// The version and the text that a power is given by.
pub fn of_power(power: crate::wire::lead::Power) -> (&'static str, &'static str) {
    match power {
        crate::wire::lead::Power::Point => (POINT_VERSION, POINT_TEXT),
        crate::wire::lead::Power::Control => (CONTROL_VERSION, CONTROL_TEXT),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Requests of every released version name it: a changed text is a new line here, never a changed one.
    #[test]
    fn a_version_keeps_its_text() {
        let known = [(
            "1",
            "The agent will see the pages you visit here, and the last ones before, until you press Stop or the \
             call ends. Password and card fields are hidden.",
        )];
        assert!(known.contains(&(VERSION, TEXT)));
        let known = [("+rec1", "What the agent sees is recorded, except payment pages.")];
        assert!(known.contains(&(RECORDING_SUFFIX, RECORDING_TEXT)));
        assert!(covers_recording(&with_recording(VERSION, TEXT).0) && !covers_recording(VERSION));
        let known = [
            (
                "control-1",
                "Let {agent} click, type and scroll on this page with you? Passwords, card details and files stay \
                 out of reach. You can stop it at any time.",
            ),
            ("point-1", "Let {agent} point at things on this page again?"),
        ];
        for power in [crate::wire::lead::Power::Point, crate::wire::lead::Power::Control] {
            assert!(known.contains(&of_power(power)));
        }
    }
}
