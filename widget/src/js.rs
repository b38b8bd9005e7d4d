//! Reading and writing JavaScript values without a JSON library: it would be a fifth of the download.
use js_sys::{Array, JSON, Object, Reflect};
use shared::{
    Timestamp,
    api::{Channel, NumberAnswer, PageView, SiteInfo, Window},
    contact::{CustomerStatus, EndReason, Phase},
};
use wasm_bindgen::{JsCast, JsValue};

/// A property; undefined if there is none or reading it throws.
pub(crate) fn get(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap_or(JsValue::UNDEFINED)
}

pub(crate) fn text(object: &JsValue, name: &str) -> Option<String> {
    get(object, name).as_string()
}

/// A whole number from 0 up.
fn number(object: &JsValue, name: &str) -> Option<u64> {
    get(object, name).as_f64().filter(|n| *n >= 0.0).map(|n| n as u64)
}

fn whole(object: &JsValue, name: &str) -> Option<u32> {
    number(object, name).and_then(|n| u32::try_from(n).ok())
}

fn texts(object: &JsValue, name: &str) -> Vec<String> {
    let list = get(object, name);
    list.dyn_ref::<Array>()
        .map_or_else(Vec::new, |list| list.iter().filter_map(|item| item.as_string()).collect())
}

pub(crate) fn parse(text: &str) -> Option<JsValue> {
    JSON::parse(text).ok().filter(JsValue::is_object)
}

pub(crate) fn stringify(value: &JsValue) -> Option<String> {
    JSON::stringify(value).ok().and_then(|text| text.as_string())
}

/// An object that is put together property by property; what is None is left out.
pub(crate) struct Record(Object);

impl Record {
    pub(crate) fn new() -> Self {
        Self(Object::new())
    }

    pub(crate) fn with(self, name: &str, value: impl Into<JsValue>) -> Self {
        // A fresh plain object takes every property.
        let _ = Reflect::set(&self.0, &name.into(), &value.into());
        self
    }

    pub(crate) fn maybe(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    pub(crate) fn json(self) -> String {
        stringify(&self.0).unwrap_or_default()
    }
}

impl From<Record> for JsValue {
    fn from(record: Record) -> Self {
        record.0.into()
    }
}

const CHANNELS: [(&str, Channel); 2] = [("telephone", Channel::Telephone), ("browser", Channel::Browser)];

const PHASES: [(&str, Phase); 8] = [
    ("scheduled", Phase::Scheduled),
    ("waiting", Phase::Waiting),
    ("calling", Phase::Calling),
    ("confirming", Phase::Confirming),
    ("connecting", Phase::Connecting),
    ("talking", Phase::Talking),
    ("on_hold", Phase::OnHold),
    ("ended", Phase::Ended),
];

const REASONS: [(&str, EndReason); 14] = [
    ("completed", EndReason::Completed),
    ("cancelled", EndReason::Cancelled),
    ("abandoned", EndReason::Abandoned),
    ("busy", EndReason::Busy),
    ("no_answer", EndReason::NoAnswer),
    ("rejected", EndReason::Rejected),
    ("unreachable", EndReason::Unreachable),
    ("not_confirmed", EndReason::NotConfirmed),
    ("opted_out", EndReason::OptedOut),
    ("interrupted", EndReason::Interrupted),
    ("no_agent", EndReason::NoAgent),
    ("not_allowed", EndReason::NotAllowed),
    ("window_closed", EndReason::WindowClosed),
    ("no_microphone", EndReason::NoMicrophone),
];

fn named<T: Copy>(table: &[(&str, T)], name: Option<String>) -> Option<T> {
    let name = name?;
    table.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
}

fn name_of<T: PartialEq>(table: &[(&'static str, T)], value: &T) -> &'static str {
    table.iter().find(|(_, known)| known == value).map_or("", |(name, _)| name)
}

pub(crate) fn channel(object: &JsValue) -> Option<Channel> {
    named(&CHANNELS, text(object, "channel"))
}

pub(crate) fn channel_name(channel: Channel) -> &'static str {
    name_of(&CHANNELS, &channel)
}

pub(crate) fn status(object: &JsValue) -> Option<CustomerStatus> {
    Some(CustomerStatus {
        phase: named(&PHASES, text(object, "phase"))?,
        channel: channel(object)?,
        since: Timestamp(number(object, "since")?),
        position: whole(object, "position"),
        wait_seconds: whole(object, "wait_seconds"),
        agent: text(object, "agent"),
        reason: named(&REASONS, text(object, "reason")),
        attempts: whole(object, "attempts").unwrap_or(0),
        sharing: get(object, "sharing").is_truthy(),
    })
}

/// What page scripts are told of a status.
pub(crate) fn status_told(status: &CustomerStatus) -> JsValue {
    let number = |n: Option<u32>| n.map_or(JsValue::NULL, JsValue::from);
    Record::new()
        .with("phase", name_of(&PHASES, &status.phase))
        .with("channel", channel_name(status.channel))
        .with("position", number(status.position))
        .with("waitSeconds", number(status.wait_seconds))
        .with("agent", status.agent.as_deref().map_or(JsValue::NULL, JsValue::from))
        .with("reason", status.reason.map_or(JsValue::NULL, |reason| name_of(&REASONS, &reason).into()))
        .with("sharing", status.sharing)
        .into()
}

pub(crate) fn site(object: &JsValue) -> Option<SiteInfo> {
    Some(SiteInfo {
        name: text(object, "name")?,
        default_region: text(object, "default_region")?,
        regions: texts(object, "regions"),
        consent_version: text(object, "consent_version")?,
        wait_seconds: whole(object, "wait_seconds"),
        browser_voice: get(object, "browser_voice").is_truthy(),
        fallback_number: text(object, "fallback_number"),
        mask_selectors: texts(object, "mask_selectors"),
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
        from: text(object, "from")?,
        until: text(object, "until")?,
        zone: text(object, "zone")?,
    })
}

pub(crate) fn window_record(window: &Window) -> JsValue {
    Record::new()
        .with("date", &*window.date)
        .with("from", &*window.from)
        .with("until", &*window.until)
        .with("zone", &*window.zone)
        .into()
}

pub(crate) fn pages(list: &JsValue) -> Vec<PageView> {
    let page = |page: JsValue| {
        let title = text(&page, "title").unwrap_or_default();
        Some(PageView { url: text(&page, "url")?, title, at: Timestamp(number(&page, "at")?) })
    };
    list.dyn_ref::<Array>().map_or_else(Vec::new, |list| list.iter().filter_map(page).collect())
}

pub(crate) fn pages_record(pages: &[PageView]) -> JsValue {
    let list = Array::new();
    for page in pages {
        let at = page.at.0 as f64;
        list.push(&Record::new().with("url", &*page.url).with("title", &*page.title).with("at", at).into());
    }
    list.into()
}
