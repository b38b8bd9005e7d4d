//! What stands in the card beside the form's own words.
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
