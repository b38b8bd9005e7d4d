//! The HTTP side: JSON out, JSON or problem details (RFC 9457) back.
use gloo::timers::callback::Timeout;
use js_sys::Promise;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, RequestInit, RequestMode, Response};

use crate::{browser, js};

/// A request without an answer by then is given up, in milliseconds.
const ANSWER_LIMIT_MS: u32 = 10_000;
/// Tries of a request that must arrive.
pub(crate) const TRIES: u32 = 5;

/// What came back.
pub(crate) enum Answer {
    Ok(JsValue),
    /// The server said no, in words for a person, perhaps about one field. Another try as it is won't help.
    Refused {
        field: Option<String>,
        detail: String,
    },
    /// Nothing came back, or a failure inside the server.
    None,
}

/// Waits before try `tries` + 1: 1, 2, 4 and 8 seconds.
pub(crate) async fn pause(tries: u32) {
    let mut timer = None;
    let waited = Promise::new(&mut |resolve, _| {
        timer = Some(Timeout::new(1_000 << tries.min(3), move || {
            let _ = resolve.call0(&JsValue::UNDEFINED);
        }));
    });
    // It is never rejected.
    let _ = JsFuture::from(waited).await;
}

pub(crate) async fn get(url: &str) -> Answer {
    send(url, None).await
}

/// `key` is the idempotency key.
pub(crate) async fn post(url: &str, body: &str, key: Option<&str>) -> Answer {
    send(url, Some((body, key))).await
}

async fn send(url: &str, post: Option<(&str, Option<&str>)>) -> Answer {
    let init = RequestInit::new();
    init.set_mode(RequestMode::Cors);
    init.set_signal(Some(&AbortSignal::timeout_with_u32(ANSWER_LIMIT_MS)));
    if let Some((body, key)) = post {
        let headers =
            js::Record::new().with("Content-Type", "application/json").maybe("Idempotency-Key", key);
        init.set_method("POST");
        init.set_headers(&headers.into());
        init.set_body(&body.into());
    }
    let Ok(response) = JsFuture::from(browser::window().fetch_with_str_and_init(url, &init)).await else {
        return Answer::None;
    };
    let response: Response = response.unchecked_into();
    let status = response.status();
    let body = match response.json() {
        Ok(body) => JsFuture::from(body).await.unwrap_or(JsValue::UNDEFINED),
        Err(_) => JsValue::UNDEFINED,
    };
    match status {
        200..300 if body.is_object() => Answer::Ok(body),
        400..500 => Answer::Refused {
            field: js::text(&body, "field"),
            detail: js::text(&body, "detail").unwrap_or_default(),
        },
        _ => Answer::None,
    }
}
