//! A page of the same business in a frame asks whether this one has the button, so that it shows none of its own
//! (`widget/frame`). The words stand in `page_mirror::parts`, which is more than this module needs.
use gloo::events::EventListener;
use js_sys::Function;
use wasm_bindgen::{JsCast, JsValue};

use crate::js;

/// Before the key of the business, which whoever does not know is not answered.
const AROUND: &str = "ringside:around:";

/// Answers until it is dropped.
pub(crate) fn answer(window: &JsValue, business: &str) -> EventListener {
    let yes = [AROUND, business].concat();
    let question = [&yes, "?"].concat();
    EventListener::new(window.unchecked_ref(), "message", move |event| {
        let asked = js::text(event, "data").as_deref() == Some(&question);
        let source = js::get(event, "source");
        if let Ok(send) = js::get(&source, "postMessage").dyn_into::<Function>()
            && asked
        {
            // A window that is gone hears nothing; that a page has the button is no secret.
            let _ = send.call2(&source, &yes.as_str().into(), &"*".into());
        }
    })
}
