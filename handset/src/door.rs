//! How this telephone gets in: the code of its link, exchanged once for a token that the tab keeps.
use gloo::storage::{SessionStorage, Storage};
use js_sys::{JSON, Object, Reflect};
use shared::LegId;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{RequestInit, Response};

use crate::state::Off;

const TOKEN: &str = "ringside:handset";
const LEG: &str = "ringside:handset-leg";

/// The code in the address, which it leaves at once: neither history nor a shared screen may keep it.
pub(crate) fn code() -> Option<String> {
    let window = gloo::utils::window();
    let location = window.location();
    let code = location.hash().ok()?.strip_prefix("#code=")?.to_owned();
    if let (Ok(history), Ok(path)) = (window.history(), location.pathname()) {
        // It can only fail where the address has no such code.
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&path));
    }
    (!code.is_empty()).then_some(code)
}

pub(crate) fn token() -> Option<String> {
    SessionStorage::get(TOKEN).ok()
}

/// A browser that keeps nothing loses the telephone on reload, and nothing else.
pub(crate) fn keep_token(token: Option<&str>) {
    match token {
        Some(token) => drop(SessionStorage::set(TOKEN, token)),
        None => SessionStorage::delete(TOKEN),
    }
}

/// The leg that was answered in this tab.
pub(crate) fn leg() -> Option<LegId> {
    SessionStorage::get::<String>(LEG).ok()?.parse().ok()
}

pub(crate) fn keep_leg(leg: Option<LegId>) {
    match leg {
        Some(leg) => drop(SessionStorage::set(LEG, leg.to_string())),
        None => SessionStorage::delete(LEG),
    }
}

/// Exchanges the code for a token.
pub(crate) async fn exchange(code: &str) -> Result<String, Off> {
    let response = post("/api/v1/handset", code).await.map_err(|_| Off::NoAnswer)?;
    if (400..500).contains(&response.status()) && response.status() != 429 {
        return Err(Off::BadCode);
    }
    if !response.ok() {
        return Err(Off::NoAnswer);
    }
    token_of(&response).await.ok().flatten().ok_or(Off::NoAnswer)
}

async fn post(path: &str, code: &str) -> Result<Response, JsValue> {
    let body = Object::new();
    Reflect::set(&body, &"code".into(), &code.into())?;
    let headers = Object::new();
    Reflect::set(&headers, &"Content-Type".into(), &"application/json".into())?;
    let request = RequestInit::new();
    request.set_method("POST");
    request.set_headers(&headers);
    request.set_body(&JSON::stringify(&body)?.into());
    let response = JsFuture::from(gloo::utils::window().fetch_with_str_and_init(path, &request)).await?;
    Ok(response.unchecked_into())
}

async fn token_of(response: &Response) -> Result<Option<String>, JsValue> {
    let body = JsFuture::from(response.json()?).await?;
    Ok(Reflect::get(&body, &"token".into())?.as_string())
}

/// Where the exchange is.
pub(crate) fn socket_url() -> String {
    let location = gloo::utils::window().location();
    let scheme = if location.protocol().is_ok_and(|p| p == "https:") { "wss" } else { "ws" };
    format!("{scheme}://{}/ws/handset", location.host().unwrap_or_default())
}
