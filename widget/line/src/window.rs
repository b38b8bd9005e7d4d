//! The small window: a page of the contact server's own origin, which lives on when the shop's page is left for another
//! site. It is given the contact token by a message, both sides checking the other's origin; never by its address.
//!
//! What the two say to each other are objects with a `ringside`:
//! - the window: `ready` (asks for the call), `carries` (has it from now on), `closed` (lets it go);
//! - the page: `call`, with `token`.
use std::{cell::Cell, rc::Rc};

use js_sys::{Object, Reflect, encode_uri_component};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{MessageEvent, Storage};

use crate::{
    dom::{Listener, page_window},
    get,
};

/// Size of the window's content, in CSS pixels.
const FEATURES: &str = "popup,width=380,height=440";
/// A second press finds the same window.
const NAME: &str = "ringside-call";

pub(crate) struct SmallWindow {
    url: String,
    kept: Rc<Kept>,
    refused: Cell<bool>,
    _messages: Listener,
}

/// That the window has the call: known to every page and tab of the shop.
struct Kept {
    key: String,
    token: String,
    /// For browsers that keep nothing.
    moved: Cell<bool>,
}

impl SmallWindow {
    /// None in a page that carries no voice. `key` is `ringside:BUSINESS:window`. `on` is told whether the window has
    /// the call.
    pub(crate) fn new(
        socket: &str,
        key: &str,
        token: &str,
        voice: bool,
        on: impl Fn(bool) + 'static,
    ) -> Option<Self> {
        let server = server_of(socket)?;
        let business = key.split(':').nth(1).filter(|_| voice)?;
        let url = [&server, "/call/?business=", &String::from(encode_uri_component(business))].concat();
        let kept = Rc::new(Kept { key: key.to_owned(), token: token.to_owned(), moved: Cell::new(false) });
        let knows = kept.clone();
        let messages = Listener::new(&page_window(), "message", move |event| {
            let event: &MessageEvent = event.unchecked_ref();
            if event.origin() != server {
                return;
            }
            match get(&event.data(), "ringside").as_string().as_deref() {
                Some("ready") => hand_over(event, &knows.token, &server),
                Some("carries") => {
                    knows.set(true);
                    on(true);
                }
                Some("closed") if knows.has_moved() => {
                    knows.set(false);
                    on(false);
                }
                _ => {}
            }
        });
        Some(Self { url, kept, refused: Cell::default(), _messages: messages })
    }

    /// In the handler of a gesture.
    pub(crate) fn open(&self) {
        let opened = page_window().open_with_url_and_target_and_features(&self.url, NAME, FEATURES);
        self.refused.set(!matches!(opened, Ok(Some(_))));
    }

    pub(crate) fn is_refused(&self) -> bool {
        self.refused.get()
    }

    pub(crate) fn has_moved(&self) -> bool {
        self.kept.has_moved()
    }

    /// The call is in the page again.
    pub(crate) fn forget(&self) {
        self.kept.set(false);
    }
}

impl Kept {
    fn has_moved(&self) -> bool {
        let kept = storage().and_then(|storage| storage.get_item(&self.key).ok().flatten());
        self.moved.get() || kept.as_ref() == Some(&self.token)
    }

    fn set(&self, moved: bool) {
        self.moved.set(moved);
        if let Some(storage) = storage() {
            // A full storage loses only what the next page would have known.
            let _ =
                if moved { storage.set_item(&self.key, &self.token) } else { storage.remove_item(&self.key) };
        }
    }
}

fn storage() -> Option<Storage> {
    page_window().local_storage().ok().flatten()
}

/// To whoever asked, if it is (still) a page of the server.
fn hand_over(event: &MessageEvent, token: &str, server: &str) {
    let Some(asker) = event.source() else { return };
    let message = Object::new();
    for (name, value) in [("ringside", "call"), ("token", token)] {
        // A fresh plain object takes every property.
        let _ = Reflect::set(&message, &name.into(), &value.into());
    }
    // By `call`, because the window is of another origin: nothing else of it may be looked at.
    let post = get(&asker, "postMessage");
    if let Some(post) = post.dyn_ref::<js_sys::Function>() {
        let _ = post.call2(&asker, &message, &JsValue::from(server));
    }
}

/// `https://HOST` of `wss://HOST/ws/widget`.
fn server_of(socket: &str) -> Option<String> {
    let rest = socket.strip_prefix("ws")?;
    let (before, after) = rest.split_once("://")?;
    let host = after.split('/').next()?;
    Some(["http", before, "://", host].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_is_a_page_of_the_server() {
        assert_eq!(server_of("wss://calls.example/ws/widget").unwrap(), "https://calls.example");
        assert_eq!(server_of("ws://localhost:8080/ws/widget").unwrap(), "http://localhost:8080");
        assert_eq!(server_of("https://calls.example"), None);
    }
}
