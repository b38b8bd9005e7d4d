//! `window.Ringside`: what page scripts may call, and what they are told.
use js_sys::{Array, Function, Reflect};
use shared::limits;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use yew::{Context, html::Scope};

use crate::{
    app::{App, Msg},
    browser, js,
    state::{Event, Said},
};

/// Listeners that a page may add.
const LISTENERS: usize = 100;

/// Event name and callback.
#[derive(Default)]
pub(crate) struct Listeners(Vec<(String, Function)>);

/// Replays what the loader queued, and hears every later call itself.
pub(crate) fn take_over(link: &Scope<App>) {
    let api = js::get(&browser::window(), "Ringside");
    let queued = js::get(&api, "q");
    if let Some(queued) = queued.dyn_ref::<Array>() {
        for call in queued.iter() {
            if let Ok(call) = call.dyn_into() {
                link.send_message(Msg::Api(call));
            }
        }
    }
    let link = link.clone();
    let push = Closure::<dyn Fn(JsValue)>::new(move |call: JsValue| {
        if let Ok(call) = call.dyn_into() {
            link.send_message(Msg::Api(call));
        }
    });
    let live = js::Record::new().with("push", push.into_js_value());
    // The API object is the loader's, which is not frozen.
    let _ = Reflect::set(&api, &"q".into(), &live.into());
}

impl App {
    pub(crate) fn called(&mut self, ctx: &Context<Self>, call: &Array) {
        let Some(name) = call.get(0).as_string() else { return };
        match &*name {
            "open" => self.handle(ctx, Event::Opened),
            "close" => self.handle(ctx, Event::Minimised),
            "setContext" => self.set_context(&call.get(1)),
            "on" => self.listen(call),
            "off" => {
                let (event, callback) = (call.get(1).as_string(), call.get(2));
                self.listeners
                    .0
                    .retain(|(name, known)| Some(name) != event.as_ref() || JsValue::from(known) != callback);
            }
            _ => {}
        }
    }

    fn listen(&mut self, call: &Array) {
        let callback = call.get(2).dyn_into::<Function>();
        if let (Some(event), Ok(callback)) = (call.get(1).as_string(), callback)
            && self.listeners.0.len() < LISTENERS
        {
            self.listeners.0.push((event, callback));
        }
    }

    fn set_context(&mut self, context: &JsValue) {
        let json = js::stringify(context)
            .filter(|json| json.starts_with('{') && json.len() <= limits::CONTEXT_BYTES);
        let Some(json) = json else {
            web_sys::console::warn_1(&"Ringside.setContext wants a plain object of at most 16 kB".into());
            return;
        };
        if self.context.as_ref() != Some(&json) {
            self.context = Some(json);
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
        let detail = status.map_or(JsValue::UNDEFINED, js::status_told);
        for (_, callback) in self.listeners.0.iter().filter(|(event, _)| event == name) {
            let _ = callback.call1(&JsValue::UNDEFINED, &detail);
        }
    }
}
