//! Links to other sites, which a call in the page does not survive.
use js_sys::Function;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Event, HtmlAnchorElement, MouseEvent};

use crate::{dom::page_window, get};

/// The address of another site that this click is about to go to in this tab. A click that the page itself has dealt
/// with, or that opens another tab, is none.
pub(crate) fn foreign(event: &Event) -> Option<String> {
    let click: &MouseEvent = event.unchecked_ref();
    let goes_elsewhere = click.button() != 0 || click.ctrl_key() || click.meta_key() || click.shift_key();
    if event.default_prevented() || goes_elsewhere {
        return None;
    }
    // The path, not the target: links may lie in shadow trees.
    let mut path = event.composed_path().into_iter();
    let link: HtmlAnchorElement = path.find_map(|node| node.dyn_into().ok())?;
    let here = page_window().location().origin().ok()?;
    let is_page = matches!(link.protocol().as_str(), "https:" | "http:");
    let stays = !matches!(link.target().as_str(), "" | "_self" | "_top") || link.has_attribute("download");
    (is_page && !stays && link.origin() != here).then(|| link.href())
}

pub(crate) fn to(url: &str) {
    // A page that refuses to be left stays.
    let _ = page_window().location().assign(url);
}

/// The card, so that what it asks is seen.
pub(crate) fn open_card() {
    let api = get(&page_window(), "Ringside");
    if let Ok(open) = get(&api, "open").dyn_into::<Function>() {
        // What fails leaves the pill, which says that the two talk.
        let _ = open.call0(&JsValue::UNDEFINED);
    }
}
