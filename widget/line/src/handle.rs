//! The line as the widget's form holds it: the same in JavaScript's types.
use std::rc::Rc;

use js_sys::{Function, JSON};
use shared::{
    Timestamp,
    api::PageView,
    wire::widget::{Cancel, ContextSet, PageViewed, Share, WidgetToServer},
};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use crate::{get, line::Heard, place::Place};

/// What the line tells, with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// Whether it is connected.
    Connected = 0,
    /// `{status, viewers}`, the status as the HTTP API writes it.
    Status = 1,
    /// Server's clock, in milliseconds.
    Clock = 2,
    /// The server knows no such contact, or is done with it. Nothing follows.
    Over = 3,
    /// How the sound is doing: [`crate::Voice`].
    Voice = 4,
}

/// The handle that the form holds.
#[wasm_bindgen]
pub struct Handle(pub(crate) Rc<Place>);

#[wasm_bindgen]
impl Handle {
    /// Cancels the request, or hangs up.
    pub fn cancel(&self) {
        self.0.line().send_surely(Cancel {}.into());
    }

    /// Allows the page to be seen, or no more.
    pub fn share(&self, on: bool) {
        self.0.line().send_surely(Share { on }.into());
    }

    /// The customer went to another page. False if there is no connection now.
    pub fn page(&self, page: &JsValue) -> bool {
        let text = |name: &str| get(page, name).as_string().unwrap_or_default();
        let at = Timestamp(get(page, "at").as_f64().unwrap_or(0.0) as u64);
        let page = PageView { url: text("url"), title: text("title"), at };
        self.0.line().send(&WidgetToServer::from(PageViewed { page }))
    }

    /// Cart or product data, as JSON. False if there is no connection now.
    pub fn context(&self, json: String) -> bool {
        self.0.line().send(&WidgetToServer::from(ContextSet { context: json }))
    }

    /// Starts the sound, in the handler of a gesture.
    pub fn hear(&self) {
        self.0.line().hear();
    }

    /// The card was drawn: what belongs to the voice is put into its place.
    pub fn draw(&self) {
        self.0.draw();
    }

    /// Closes it. The contact lives on.
    pub fn stop(&self) {
        self.0.line().stop();
    }
}

/// Tells the form, by number.
pub(crate) fn tell(on: &Function, heard: &Heard) {
    let (said, value) = match heard {
        Heard::Connected(yes) => (Said::Connected, JsValue::from(*yes)),
        Heard::Status(status) => {
            // Both sides of this boundary read the API's JSON already.
            let json = serde_json::to_string(status).unwrap_or_default();
            (Said::Status, JSON::parse(&json).unwrap_or(JsValue::UNDEFINED))
        }
        Heard::Clock(at) => (Said::Clock, JsValue::from(at.0 as f64)),
        Heard::Over => (Said::Over, JsValue::UNDEFINED),
        Heard::Voice(voice) => (Said::Voice, JsValue::from(*voice as u8)),
        // The line shows it itself.
        Heard::Code(_) => return,
    };
    // What the form throws is its own affair.
    let _ = on.call2(&JsValue::UNDEFINED, &JsValue::from(said as u8), &value);
}
