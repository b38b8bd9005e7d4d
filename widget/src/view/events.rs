//! What a click, a key or an edit means.
use shared::api::Channel;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlInputElement, HtmlSelectElement, KeyboardEvent, PageTransitionEvent};

use crate::{
    app::Msg,
    page,
    state::{Event, Field},
};

/// Reads an event while it is dispatched: afterwards a shadow tree's events have lost their target.
pub(crate) fn event(event: &web_sys::Event) -> Option<Msg> {
    let kind = event.type_();
    // Only a page that the browser keeps for "back" lets go and comes back.
    let kept = || event.unchecked_ref::<PageTransitionEvent>().persisted();
    match &*kind {
        "storage" => return Some(Msg::Stored),
        "visibilitychange" => return Some(Msg::Visible),
        "pagehide" => return kept().then_some(Msg::Kept(true)),
        "pageshow" => return kept().then_some(Msg::Kept(false)),
        _ => {}
    }
    let element = event.target()?.unchecked_into::<Element>();
    // Text fields, choices and check boxes all have these two.
    let field = element.unchecked_ref::<HtmlInputElement>();
    let id = element.id();
    let event = match (&*kind, &*id) {
        ("keydown", _) => {
            let event = event.unchecked_ref::<KeyboardEvent>();
            return (event.key() == "Escape").then_some(Msg::Event(Event::Minimised));
        }
        ("submit", _) => {
            event.prevent_default();
            Event::Submitted(Channel::Telephone, page::local_now())
        }
        ("focusout", "number") => Event::NumberLeft,
        ("input", "number") => Event::Typed(Field::Number, field.value()),
        ("input", "note") => Event::Typed(Field::Note, field.value()),
        ("input", "day") => Event::Typed(Field::Day, field.value()),
        ("input", "from") => Event::Typed(Field::From, field.value()),
        ("input", "until") => Event::Typed(Field::Until, field.value()),
        ("change", "country") => {
            let list = element.unchecked_ref::<HtmlSelectElement>();
            Event::Region(usize::try_from(list.selected_index()).ok()?)
        }
        ("change", "remember") => Event::Remember(field.checked()),
        ("change", "now") => Event::Later(false, page::local_now()),
        ("change", "later") => Event::Later(true, page::local_now()),
        ("click", _) if element.get_attribute("data-do").as_deref() == Some("hidden") => {
            return Some(Msg::Hidden);
        }
        ("click", _) => clicked(&element)?,
        _ => return None,
    };
    Some(Msg::Event(event))
}

fn clicked(element: &Element) -> Option<Event> {
    let button = element.closest("button").ok()??;
    let does = button.get_attribute("data-do");
    Some(match does.as_deref() {
        // The pill is the loader's.
        None if button.class_name().starts_with("pill") => Event::Toggled,
        None => return None,
        Some("close") => Event::Minimised,
        Some("cancel") => Event::Cancel,
        Some("again") => Event::StartAnew { later: false, now: page::local_now() },
        Some("plan") => Event::StartAnew { later: true, now: page::local_now() },
        Some("done") => Event::Dismiss,
        Some("here") => Event::Submitted(Channel::Browser, page::local_now()),
        Some("page") => Event::Submitted(Channel::Page, page::local_now()),
        Some("forget") => Event::ForgetMe,
        Some("hear") => Event::Hear,
        Some("stop") => Event::Share(false),
        Some("share") => Event::Share(true),
        Some(_) => return None,
    })
}
