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

const CHANNELS: [(&str, Channel); 3] =
    [("telephone", Channel::Telephone), ("browser", Channel::Browser), ("page", Channel::Page)];

const PHASES: [(&str, Phase); 9] = [
    ("scheduled", Phase::Scheduled),
    ("waiting", Phase::Waiting),
    ("calling", Phase::Calling),
    ("confirming", Phase::Confirming),
    ("connecting", Phase::Connecting),
    ("talking", Phase::Talking),
    ("on_hold", Phase::OnHold),
    ("ended", Phase::Ended),
    ("showing", Phase::Showing),
];

/// All that a customer is told.
const REASONS: [(&str, EndReason); 14] = [
    ("completed", EndReason::Completed),
    ("cancelled", EndReason::Cancelled),
    ("abandoned", EndReason::Abandoned),
    ("busy", EndReason::Busy),
    ("no_answer", EndReason::NoAnswer),
    ("rejected", EndReason::Rejected),
    ("unreachable", EndReason::Unreachable),
    ("not_confirmed", EndReason::NotConfirmed),
    ("interrupted", EndReason::Interrupted),
    ("no_agent", EndReason::NoAgent),
    ("not_allowed", EndReason::NotAllowed),
    ("window_closed", EndReason::WindowClosed),
    ("no_microphone", EndReason::NoMicrophone),
    ("shown", EndReason::Shown),
];

/// The value that the property names.
fn named<T: Copy>(table: &[(&str, T)], object: &JsValue, name: &str) -> Option<T> {
    let text = text(object, name)?;
    table.iter().find(|(known, _)| *known == text).map(|(_, value)| *value)
}

fn name_of<T: PartialEq>(table: &[(&'static str, T)], value: &T) -> &'static str {
    table.iter().find(|(_, known)| known == value).map_or("", |(name, _)| name)
}

pub(crate) fn channel(object: &JsValue) -> Option<Channel> {
    named(&CHANNELS, object, "channel")
}

pub(crate) fn channel_name(channel: Channel) -> &'static str {
    name_of(&CHANNELS, &channel)
}

pub(crate) fn status(object: &JsValue) -> Option<CustomerStatus> {
    Some(CustomerStatus {
        phase: named(&PHASES, object, "phase")?,
        channel: channel(object)?,
        since: Timestamp(number(object, "since")?),
        position: whole(object, "position"),
        wait_seconds: whole(object, "wait_seconds"),
        agent: text(object, "agent"),
        reason: named(&REASONS, object, "reason"),
        attempts: whole(object, "attempts").unwrap_or(0),
        sharing: get(object, "sharing").is_truthy(),
    })
}

/// What page scripts are told of a status.
pub(crate) fn status_told(status: &CustomerStatus) -> Record {
    let number = |n: Option<u32>| n.map_or(JsValue::NULL, JsValue::from);
    let text = |text: Option<&str>| text.map_or(JsValue::NULL, JsValue::from);
    Record::new()
        .with("phase", name_of(&PHASES, &status.phase))
        .with("channel", channel_name(status.channel))
        .value("position", &number(status.position))
        .value("waitSeconds", &number(status.wait_seconds))
        .value("agent", &text(status.agent.as_deref()))
        .value("reason", &text(status.reason.map(|reason| name_of(&REASONS, &reason))))
        .value("sharing", &status.sharing.into())
}

pub(crate) fn site(object: &JsValue) -> Option<SiteInfo> {
    Some(SiteInfo {
        name: text(object, "name")?,
        default_region: words(object, "default_region"),
        regions: texts(object, "regions"),
        consent_version: text(object, "consent_version")?,
        consent_text: words(object, "consent_text"),
        wait_seconds: whole(object, "wait_seconds"),
        browser_voice: get(object, "browser_voice").is_truthy(),
        show_page: get(object, "show_page").is_truthy(),
        telephone: get(object, "telephone").is_truthy(),
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
