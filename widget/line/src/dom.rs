//! The page, and listeners that end when they are dropped.
pub(crate) use softphone::dom::Listener;
use web_sys::{Document, Window};

pub(crate) fn page_window() -> Window {
    web_sys::window().expect("the line runs in pages, which have a window")
}

pub(crate) fn document() -> Option<Document> {
    page_window().document()
}
