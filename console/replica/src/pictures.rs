//! Pictures that only the customer's browser had, drawn into the replica: what canvases and videos show, and images
//! without an address that anybody else could read. And what is said about those that are not there, and about what plays.
use std::{cell::RefCell, collections::BTreeMap};

use js_sys::{Array, Uint8Array};
use page_mirror::{
    codec::media::{Playing, plays, seen},
    replay::elements,
};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, BlobPropertyBag, DomRect, Element, Url};

use crate::{
    badge::Badge,
    place::{self, Place},
    realm::Realm,
};

/// Of an element: why its picture is not there, what it plays, and the address of its picture.
struct Shown {
    element: Element,
    why: Option<u32>,
    playing: Option<Playing>,
    address: Option<String>,
}

pub(crate) struct Pictures {
    realm: Realm,
    /// Addresses of assets, by number.
    assets: RefCell<BTreeMap<u32, String>>,
    shown: RefCell<BTreeMap<u32, Shown>>,
}

impl Pictures {
    pub(crate) fn new(realm: Realm) -> Self {
        Self { realm, assets: RefCell::default(), shown: RefCell::default() }
    }

    /// The page is gone.
    pub(crate) fn clear(&self) {
        let pictures = self.shown.take().into_values().filter_map(|shown| shown.address);
        for address in self.assets.take().into_values().chain(pictures) {
            // There is nothing that could fail.
            let _ = Url::revoke_object_url(&address);
        }
    }

    pub(crate) fn picture(&self, id: u32, element: Element, kind: &str, image: &[u8]) {
        let address = blob(kind, image).and_then(|blob| Url::create_object_url_with_blob(&blob).ok());
        self.change(id, element, |shown| {
            shown.why = None;
            std::mem::replace(&mut shown.address, address)
        });
    }

    /// What `act` gives is an address that is of no use any more.
    fn change(&self, id: u32, element: Element, act: impl FnOnce(&mut Shown) -> Option<String>) {
        let mut all = self.shown.borrow_mut();
        let new = || Shown { element, why: Some(seen::OFF), playing: None, address: None };
        let shown = all.entry(id).or_insert_with(new);
        let old = act(shown);
        self.paint(shown);
        if let Some(old) = old {
            let _ = Url::revoke_object_url(&old);
        }
    }

    /// Shows the picture in place of the element's content: a document that runs no scripts lays no canvas out.
    fn paint(&self, shown: &Shown) {
        if self.realm.name(&shown.element) == elements::AUDIO {
            return;
        }
        let attribute = |name: &str| {
            let value = self.realm.call("Element", "getAttribute", &shown.element, &[&name.into()])?;
            value.as_string()
        };
        let address = match (&shown.address, shown.why) {
            (Some(address), None) => address.clone(),
            (_, why) => {
                let side =
                    |name, usual| attribute(name).and_then(|side| side.parse::<u16>().ok()).unwrap_or(usual);
                let poster = if why == Some(seen::SEEN) { attribute("poster") } else { None };
                poster.unwrap_or_else(|| placeholder(side("width", 300), side("height", 150), why))
            }
        };
        let content =
            format!("url({})", String::from(js_sys::JSON::stringify(&address.into()).unwrap_or_default()));
        if let Some(style) = self.realm.get("HTMLElement", "style", &shown.element) {
            let arguments: [&JsValue; 3] = [&"content".into(), &content.into(), &"important".into()];
            let _ = self.realm.call("CSSStyleDeclaration", "setProperty", &style, &arguments);
        }
    }

    pub(crate) fn asset(&self, number: u32, kind: &str, image: &[u8]) {
        let address = blob(kind, image).and_then(|blob| Url::create_object_url_with_blob(&blob).ok());
        if let Some(address) = address {
            self.assets.borrow_mut().insert(number, address);
        }
    }

    pub(crate) fn uses(&self, element: &Element, number: u32) {
        if let Some(address) = self.assets.borrow().get(&number) {
            self.set(element, "src", address);
        }
    }

    pub(crate) fn seen(&self, id: u32, element: Element, why: u32) {
        self.change(id, element, |shown| {
            shown.why = Some(why);
            shown.address.take()
        });
    }

    pub(crate) fn media(&self, id: u32, element: Element, playing: Playing) {
        let state = if playing.bits & plays::PAUSED != 0 { "paused" } else { "playing" };
        let muted = if playing.bits & plays::MUTED != 0 { " muted" } else { "" };
        self.set(&element, "ringside-media", &format!("{state}{muted}"));
        self.change(id, element, |shown| {
            shown.playing = Some(playing);
            None
        });
    }

    /// The page may have set other styles since.
    pub(crate) fn keep(&self) {
        let mut all = self.shown.borrow_mut();
        all.retain(|_, shown| {
            let is_there =
                self.realm.get("Node", "isConnected", &shown.element).is_some_and(|yes| yes.is_truthy());
            if !is_there && let Some(address) = &shown.address {
                let _ = Url::revoke_object_url(address);
            }
            is_there
        });
        for shown in all.values() {
            let style = self.realm.get("HTMLElement", "style", &shown.element);
            let set = style.and_then(|style| {
                self.realm.call("CSSStyleDeclaration", "getPropertyValue", &style, &[&"content".into()])
            });
            if set.and_then(|set| set.as_string()).is_none_or(|set| set.is_empty()) {
                self.paint(shown);
            }
        }
    }

    /// What is said of elements, and where.
    pub(crate) fn badges(&self) -> Vec<Badge> {
        let all = self.shown.borrow();
        all.values()
            .filter_map(|shown| {
                let words = match (shown.why, shown.playing) {
                    (Some(seen::FOREIGN), _) => "Picture of another site, not shown".into(),
                    (Some(seen::HIDDEN), _) => "Hidden from agents".into(),
                    (Some(seen::TOO_LARGE), _) => "Picture too large to show".into(),
                    (_, Some(playing)) => words(playing),
                    (Some(seen::SEEN) | None, None) => return None,
                    (Some(_), None) => "Picture not shown".into(),
                };
                let rect = self.realm.call("Element", "getBoundingClientRect", &shown.element, &[])?;
                let rect: DomRect = rect.unchecked_into();
                let (width, height) = (rect.width(), rect.height());
                let (x, y) = place::in_page(&self.realm, &shown.element, rect.left(), rect.top());
                Some(Badge { at: Place { x, y, width, height }, words, covers: false })
            })
            .collect()
    }

    fn set(&self, element: &Element, name: &str, value: &str) {
        let _ = self.realm.call("Element", "setAttribute", element, &[&name.into(), &value.into()]);
    }
}

fn blob(kind: &str, bytes: &[u8]) -> Option<Blob> {
    let options = BlobPropertyBag::new();
    options.set_type(kind);
    Blob::new_with_u8_array_sequence_and_options(&Array::of1(&Uint8Array::from(bytes)), &options).ok()
}

/// Stands where a picture is not: of the same size, and nothing if there is nothing to be seen.
fn placeholder(width: u16, height: u16, why: Option<u32>) -> String {
    let fill = if why == Some(seen::SEEN) { "none" } else { "%23eceef2" };
    format!(
        "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}'%3E%3Crect width='{width}' height='{height}' fill='{fill}'/%3E%3C/svg%3E"
    )
}

/// Such as "Paused 0:12 of 3:10, muted".
fn words(playing: Playing) -> String {
    let doing = match playing.bits {
        bits if bits & plays::ENDED != 0 => "Ended",
        bits if bits & plays::PAUSED != 0 => "Paused",
        _ => "Playing",
    };
    let clock = |tenths: u32| format!("{}:{:02}", tenths / 600, tenths / 10 % 60);
    let length = if playing.length > 0 { format!(" of {}", clock(playing.length)) } else { String::new() };
    let muted = if playing.bits & plays::MUTED != 0 { ", muted" } else { "" };
    format!("{doing} {}{length}{muted}", clock(playing.at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_plays_is_said_in_words() {
        let playing = Playing { bits: plays::PAUSED | plays::MUTED, at: 125, length: 1_900, volume: 50 };
        assert_eq!(words(playing), "Paused 0:12 of 3:10, muted");
        assert_eq!(words(Playing { at: 6_000, ..Playing::default() }), "Playing 10:00");
    }
}
