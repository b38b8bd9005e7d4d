//! `window.Ringside`: what page scripts may call, and what they are told.
use js_sys::{Array, Function, Reflect};
use shared::limits;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use yew::Context;

use crate::{
    app::{App, Msg},
    js, page,
    state::{Event, Said},
};

/// Listeners that a page may add.
const LISTENERS: u32 = 100;

impl App {
    /// Replays what the loader queued, and hears every later call itself.
    pub(crate) fn take_api_over(&mut self, ctx: &Context<Self>) {
        let api = js::get(&page::window(), "Ringside");
        if let Ok(queued) = js::get(&api, "q").dyn_into::<Array>() {
            for call in queued.iter() {
                ctx.link().send_message(Msg::Api(call));
            }
        }
        let link = ctx.link().clone();
        let push = Closure::<dyn Fn(JsValue)>::new(move |call| link.send_message(Msg::Api(call)));
        let live = js::Record::new().value("push", &push.into_js_value());
        // The API object is the loader's, which is not frozen.
        let _ = Reflect::set(&api, &"q".into(), &live.0);
    }

    /// `call` holds the name and the arguments.
    pub(crate) fn called(&mut self, ctx: &Context<Self>, call: Array) {
        let name = call.get(0).as_string().unwrap_or_default();
        match &*name {
            "open" => self.handle(ctx, Event::Opened),
            "close" => self.handle(ctx, Event::Minimised),
            "setContext" => self.set_context(&call.get(1)),
            "on" if self.listeners.length() < LISTENERS => drop(self.listeners.push(&call)),
            "off" => {
                let kept = Array::new();
                for known in self.listeners.iter() {
                    let listener = known.unchecked_ref::<Array>();
                    if listener.get(1) != call.get(1) || listener.get(2) != call.get(2) {
                        kept.push(&known);
                    }
                }
                self.listeners = kept;
            }
            _ => {}
        }
    }

    fn set_context(&mut self, context: &JsValue) {
        let json = js::stringify(context)
            .filter(|json| json.starts_with('{') && json.len() <= limits::CONTEXT_BYTES);
        if json.is_none() {
            web_sys::console::warn_1(&"Ringside.setContext wants an object of at most 16 kB".into());
        } else if self.context != json {
            self.context = json;
            self.tell_context();
        }
    }

    /// Tells the page's listeners. What they throw stays theirs.
    pub(crate) fn say(&self, said: Said) {
        let name = match said {
            Said::Open => "open",
            Said::Close => "close",
            Said::Requested => "requested",
            Said::Status => "status",
            Said::Ended => "ended",
        };
        let status = self.state.live().and_then(|live| live.status.as_ref());
        let detail = status.map_or(JsValue::UNDEFINED, |status| js::status_told(status).0.into());
        for listener in self.listeners.iter() {
            let listener = listener.unchecked_into::<Array>();
            if listener.get(1) == name
                && let Ok(callback) = listener.get(2).dyn_into::<Function>()
            {
                let _ = callback.call1(&JsValue::UNDEFINED, &detail);
            }
        }
    }
}
