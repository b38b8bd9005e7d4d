//! Times as people read them. Pure but for the browser's clock and time zones.
use shared::Timestamp;
use wasm_bindgen::{JsCast, JsValue};
use yew::prelude::*;

/// `2:14`, `1:02:14`
pub(crate) fn clock(seconds: u64) -> String {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// `just now`, `4 min ago`, `2 h ago`, `3 days ago`
pub(crate) fn ago(seconds: u64) -> String {
    match seconds {
        0..60 => "just now".into(),
        60..3600 => format!("{} min ago", seconds / 60),
        3600..86_400 => format!("{} h ago", seconds / 3600),
        _ if seconds < 2 * 86_400 => "yesterday".into(),
        _ => format!("{} days ago", seconds / 86_400),
    }
}

/// `48 s`, `12 min`, `1 h 5 min`
pub(crate) fn length(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        _ => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}

/// The browser's clock.
pub(crate) fn browser_now() -> Timestamp {
    Timestamp(js_sys::Date::now() as u64)
}

/// Date and time in the agent's own words and zone, for tooltips and records.
pub(crate) fn exact(at: Timestamp) -> String {
    date(at).to_locale_string("default", &JsValue::UNDEFINED).into()
}

/// `14:02` in an IANA zone; None if the zone is nonsense.
pub(crate) fn local_time(at: Timestamp, zone: &str) -> Option<String> {
    let options = js_sys::Object::new();
    for (key, value) in [("timeZone", zone), ("hour", "2-digit"), ("minute", "2-digit")] {
        js_sys::Reflect::set(&options, &key.into(), &value.into()).ok()?;
    }
    // An unknown zone makes the constructor throw, so it is called where a throw can be caught.
    let constructor = js_sys::Reflect::get(&js_sys::global(), &"Intl".into()).ok()?;
    let constructor = js_sys::Reflect::get(&constructor, &"DateTimeFormat".into()).ok()?;
    let arguments = js_sys::Array::of2(&JsValue::UNDEFINED, &options);
    let format =
        js_sys::Reflect::construct(constructor.unchecked_ref::<js_sys::Function>(), &arguments).ok()?;
    let method = js_sys::Reflect::get(&format, &"format".into()).ok()?;
    let method: &js_sys::Function = method.unchecked_ref();
    method.call1(&format, &date(at)).ok()?.as_string()
}

fn date(at: Timestamp) -> js_sys::Date {
    js_sys::Date::new(&JsValue::from_f64(at.0 as f64))
}

/// The time now, again every `ms`.
#[hook]
pub(crate) fn use_now(ms: u32) -> Timestamp {
    let now = use_state(browser_now);
    let setter = now.setter();
    use_effect_with((), move |()| {
        let interval = gloo::timers::callback::Interval::new(ms, move || setter.set(browser_now()));
        move || drop(interval)
    });
    *now
}

#[derive(Properties, PartialEq)]
pub(crate) struct ElapsedProps {
    pub(crate) since: Timestamp,
    /// Server's clock minus the browser's, in milliseconds.
    pub(crate) skew_ms: i64,
    #[prop_or_default]
    pub(crate) class: Classes,
}

/// A timer that counts up.
#[component]
pub(crate) fn Elapsed(props: &ElapsedProps) -> Html {
    let now = on_server(use_now(1_000), props.skew_ms);
    let text = clock(now.since(props.since).as_secs());
    html! { <time class={classes!("elapsed", props.class.clone())} role="timer">{ text }</time> }
}

#[derive(Properties, PartialEq)]
pub(crate) struct AgoProps {
    pub(crate) at: Timestamp,
    pub(crate) skew_ms: i64,
}

/// `4 min ago`, exact on hover.
#[component]
pub(crate) fn Ago(props: &AgoProps) -> Html {
    let now = on_server(use_now(15_000), props.skew_ms);
    html! { <time title={exact(props.at)}>{ ago(now.since(props.at).as_secs()) }</time> }
}

/// What the server's clock shows when the browser's shows `browser`.
pub(crate) fn on_server(browser: Timestamp, skew_ms: i64) -> Timestamp {
    Timestamp(browser.0.saturating_add_signed(skew_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_read_as_clocks() {
        assert_eq!([clock(0), clock(134), clock(3_734)], ["0:00", "2:14", "1:02:14"]);
    }

    #[test]
    fn times_ago_are_round() {
        let read = [0, 61, 7_300, 90_000, 400_000].map(ago);
        assert_eq!(read, ["just now", "1 min ago", "2 h ago", "yesterday", "4 days ago"]);
    }

    #[test]
    fn a_skewed_browser_clock_is_set_right() {
        assert_eq!(on_server(Timestamp(1_000), -400), Timestamp(600));
        assert_eq!(on_server(Timestamp(100), -400), Timestamp(0));
    }
}
