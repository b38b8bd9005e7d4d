//! Reading and writing JavaScript values without a JSON library: it would be a fifth of the download.
use js_sys::{Array, JSON, Object, Reflect};
use shared::{
    Timestamp,
    api::{Channel, NumberAnswer, PageView, SiteInfo, Window},
    contact::{CustomerStatus, EndReason, Phase},
    envelope,
};
use wasm_bindgen::{JsCast, JsValue};

/// A property; undefined if there is none or reading it throws.
pub(crate) fn get(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap_or(JsValue::UNDEFINED)
}

pub(crate) fn text(object: &JsValue, name: &str) -> Option<String> {
    get(object, name).as_string()
}

/// A text; empty if there is none.
pub(crate) fn words(object: &JsValue, name: &str) -> String {
    text(object, name).unwrap_or_default()
}

/// A whole number from 0 up.
pub(crate) fn number(object: &JsValue, name: &str) -> Option<u64> {
    get(object, name).as_f64().map(|n| n as u64)
}

fn whole(object: &JsValue, name: &str) -> Option<u32> {
    number(object, name).map(|n| n as u32)
}

fn list(object: &JsValue, name: &str) -> Array {
    get(object, name).dyn_into().unwrap_or_default()
}

pub(crate) fn texts(object: &JsValue, name: &str) -> Vec<String> {
    list(object, name).iter().filter_map(|item| item.as_string()).collect()
}

pub(crate) fn stringify(value: &JsValue) -> Option<String> {
    // Of undefined and functions it gives none.
    JSON::stringify(value).ok()?.as_string()
}

/// An object that is put together property by property.
pub(crate) struct Record(pub(crate) Object);

impl Record {
    pub(crate) fn new() -> Self {
        Self(Object::new())
    }

    pub(crate) fn value(self, name: &str, value: &JsValue) -> Self {
        // A fresh plain object takes every property.
        let _ = Reflect::set(&self.0, &name.into(), value);
        self
    }

    pub(crate) fn with(self, name: &str, value: &str) -> Self {
        self.value(name, &value.into())
    }

    /// Left out if there is none.
    pub(crate) fn maybe(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    pub(crate) fn json(&self) -> String {
        stringify(&self.0).unwrap_or_default()
    }
}

const CHANNELS: [&str; 2] = ["telephone", "browser"];

// In the order of the enums, which are append-only.
const PHASES: [&str; 8] =
    ["scheduled", "waiting", "calling", "confirming", "connecting", "talking", "on_hold", "ended"];

const REASONS: [&str; 14] = [
    "completed",
    "cancelled",
    "abandoned",
    "busy",
    "no_answer",
    "rejected",
    "unreachable",
    "not_confirmed",
    "opted_out",
    "interrupted",
    "no_agent",
    "not_allowed",
    "window_closed",
    "no_microphone",
];

/// The variant of that name, as postcard writes it: its place.
fn place(names: &[&str], name: Option<String>) -> Option<[u8; 1]> {
    let name = name?;
    Some([names.iter().position(|known| *known == name)? as u8])
}

pub(crate) fn channel(object: &JsValue) -> Option<Channel> {
    envelope::body(0, &place(&CHANNELS, text(object, "channel"))?).ok()
}

pub(crate) fn channel_name(channel: Channel) -> &'static str {
    CHANNELS[channel as usize]
}

pub(crate) fn status(object: &JsValue) -> Option<CustomerStatus> {
    let phase = place(&PHASES, text(object, "phase"))?;
    let reason = place(&REASONS, text(object, "reason"));
    Some(CustomerStatus {
        phase: envelope::body::<Phase>(0, &phase).ok()?,
        channel: channel(object)?,
        since: Timestamp(number(object, "since")?),
        position: whole(object, "position"),
        wait_seconds: whole(object, "wait_seconds"),
        agent: text(object, "agent"),
        reason: reason.and_then(|place| envelope::body::<EndReason>(0, &place).ok()),
        attempts: whole(object, "attempts").unwrap_or(0),
        sharing: get(object, "sharing").is_truthy(),
    })
}

/// What page scripts are told of a status.
pub(crate) fn status_told(status: &CustomerStatus) -> JsValue {
    let number = |n: Option<u32>| n.map_or(JsValue::NULL, JsValue::from);
    let text = |text: Option<&str>| text.map_or(JsValue::NULL, JsValue::from);
    let record = Record::new()
        .with("phase", PHASES[status.phase as usize])
        .with("channel", channel_name(status.channel))
        .value("position", &number(status.position))
        .value("waitSeconds", &number(status.wait_seconds))
        .value("agent", &text(status.agent.as_deref()))
        .value("reason", &text(status.reason.map(|reason| REASONS[reason as usize])))
        .value("sharing", &status.sharing.into());
    record.0.into()
}

pub(crate) fn site(object: &JsValue) -> Option<SiteInfo> {
    Some(SiteInfo {
        name: text(object, "name")?,
        default_region: words(object, "default_region"),
        regions: texts(object, "regions"),
        consent_version: text(object, "consent_version")?,
        wait_seconds: whole(object, "wait_seconds"),
        browser_voice: get(object, "browser_voice").is_truthy(),
        fallback_number: text(object, "fallback_number"),
        // The recorder hears these from its own socket.
        mask_selectors: Vec::new(),
    })
}

pub(crate) fn number_answer(object: &JsValue) -> Option<NumberAnswer> {
    Some(NumberAnswer {
        e164: text(object, "e164")?,
        international: text(object, "international")?,
        region: text(object, "region")?,
    })
}

pub(crate) fn window(object: &JsValue) -> Option<Window> {
    Some(Window {
        date: text(object, "date")?,
        from: words(object, "from"),
        until: words(object, "until"),
        zone: words(object, "zone"),
    })
}

pub(crate) fn window_record(window: &Window) -> JsValue {
    let record = Record::new().with("date", &window.date).with("from", &window.from);
    record.with("until", &window.until).with("zone", &window.zone).0.into()
}

pub(crate) fn pages(list: JsValue) -> Vec<PageView> {
    let mut pages = Vec::new();
    for page in list.dyn_into::<Array>().unwrap_or_default().iter() {
        let at = Timestamp(number(&page, "at").unwrap_or(0));
        pages.push(PageView { url: words(&page, "url"), title: words(&page, "title"), at });
    }
    pages
}

pub(crate) fn page_record(page: &PageView) -> JsValue {
    let at = (page.at.0 as f64).into();
    Record::new().with("url", &page.url).with("title", &page.title).value("at", &at).0.into()
}

pub(crate) fn pages_record(pages: &[PageView]) -> Array {
    let list = Array::new();
    for page in pages {
        list.push(&page_record(page));
    }
    list
}
