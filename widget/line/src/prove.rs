//! Looks for a proof of work in small portions, so that the page goes on being quick. It needs no worker, which a
//! merchant's policy may forbid.
use std::cell::Cell;

use js_sys::{Date, Promise};
use shared::work::Search;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use web_sys::MessageChannel;

use crate::get;

/// How long the page waits for a portion, in milliseconds: shorter than a frame.
const PORTION_MS: f64 = 10.0;
/// Nonces between two looks at the clock.
const TRIES: u32 = 500;

thread_local! {
    /// Counts the searches: the latest is the one that is wanted.
    static LATEST: Cell<u32> = const { Cell::new(0) };
}

/// Whoever looks for a proof stops.
pub(crate) fn give_up() {
    LATEST.set(LATEST.get().wrapping_add(1));
}

/// Solves what the server asks for: `{challenge, bits}`.
///
/// # Errors
/// It was given up, or no server of this version asks so.
#[wasm_bindgen]
pub async fn prove(asked: JsValue) -> Result<String, JsValue> {
    give_up();
    let mine = LATEST.get();
    let challenge = get(&asked, "challenge").as_string().ok_or(JsValue::NULL)?;
    let bits = get(&asked, "bits").as_f64().unwrap_or(0.0) as u8;
    let mut search = Search::new(&challenge, bits).ok_or(JsValue::NULL)?;
    while LATEST.get() == mine {
        let until = Date::now() + PORTION_MS;
        while Date::now() < until {
            if let Some(proof) = search.go_on(TRIES) {
                return Ok(proof);
            }
        }
        breathe().await?;
    }
    Err(JsValue::NULL)
}

/// Lets the page do what waits. A message to oneself: timers wait longer, and for a second in a tab behind.
async fn breathe() -> Result<(), JsValue> {
    let channel = MessageChannel::new()?;
    let came = Promise::new(&mut |resolve, _| channel.port1().set_onmessage(Some(&resolve)));
    channel.port2().post_message(&JsValue::NULL)?;
    let came = JsFuture::from(came).await;
    channel.port1().close();
    came.map(drop)
}
