//! The line above the button, by whose press a customer agrees to be called and seen.
//!
//! A business may set a text of its own. What is stored with a request is the version; the text of a version
//! never changes, so whoever changes [`TEXT`] gives it a new [`VERSION`].

/// The version of [`TEXT`].
pub const VERSION: &str = "1";
/// What stands there unless the business has set something else.
pub const TEXT: &str = "The agent will see the pages you visit here, and the last ones before, until you press Stop \
    or the call ends. Password and card fields are hidden.";

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
    }
}
