//! The page, and listeners that end when they are dropped.
pub(crate) use softphone::dom::Listener;
use web_sys::{Document, Element, Window};

pub(crate) fn page_window() -> Window {
    web_sys::window().expect("the line runs in pages, which have a window")
}

pub(crate) fn document() -> Option<Document> {
    page_window().document()
}

/// A line that is spoken as it comes.
pub(crate) fn say(document: &Document, slot: &Element, words: &str) {
    if let Some(line) = add(document, slot, "p", words) {
        line.set_class_name("notice");
        // The name is valid, so it can't fail.
        let _ = line.set_attribute("role", "alert");
    }
}

/// Makes an element with these words at the end of a place.
pub(crate) fn add(document: &Document, slot: &Element, tag: &str, words: &str) -> Option<Element> {
    let element = document.create_element(tag).ok()?;
    element.set_text_content(Some(words));
    slot.append_child(&element).ok()?;
    Some(element)
}
