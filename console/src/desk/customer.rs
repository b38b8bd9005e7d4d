//! The right column: who the customer is, what they did, what they said.
use shared::{api::PageView as Visit, wire::console::ContactShown};
use yew::prelude::*;

use super::DeskState;
use crate::{
    time::{Ago, exact, local_time, on_server, use_now},
    words,
};

#[derive(Properties, PartialEq)]
pub(crate) struct CustomerProps {
    pub(crate) state: DeskState,
}

#[component]
pub(crate) fn CustomerPanel(props: &CustomerProps) -> Html {
    let Some(contact) = &props.state.contact else {
        return html! { <p class="empty">{ "The customer's name, number, note and trail appear here as soon as a call is yours." }</p> };
    };
    let skew_ms = props.state.skew_ms;
    let title = contact.name.clone().or(contact.number.clone()).unwrap_or_else(|| "A customer".into());
    html! {
        <section class="customer" aria-label="Customer">
            <h2>{ title }</h2>
            <p class="chips">
                <span class="chip">{ words::phase(contact.phase) }</span>
                if let Some(reason) = contact.reason { <span class="chip">{ words::reason(reason) }</span> }
                if contact.earlier > 0 { <span class="chip">{ earlier(contact.earlier) }</span> }
                if !contact.sharing { <span class="chip is-warn">{ "Page not shared" }</span> }
            </p>
            <Facts contact={contact.clone()} {skew_ms} />
            if let Some(note) = &contact.note {
                <h3>{ "What it is about" }</h3>
                <blockquote>{ note }</blockquote>
            }
            if let Some(context) = &contact.context { <Context json={context.clone()} /> }
            <Trail pages={contact.trail.clone()} {skew_ms} />
        </section>
    }
}

fn earlier(count: u32) -> String {
    if count == 1 { "1 earlier contact".into() } else { format!("{count} earlier contacts") }
}

#[derive(Properties, PartialEq)]
struct FactsProps {
    contact: ContactShown,
    skew_ms: i64,
}

#[component]
fn Facts(props: &FactsProps) -> Html {
    let now = on_server(use_now(10_000), props.skew_ms);
    let contact = &props.contact;
    let local = contact.time_zone.as_deref().and_then(|zone| Some((local_time(now, zone)?, zone)));
    html! {
        <dl class="facts">
            if let Some(number) = &contact.number {
                <div><dt>{ "Number" }</dt><dd class="number">{ number }{ contact.region.as_ref().map(|region| format!(" ({region})")) }</dd></div>
            }
            <div><dt>{ "Channel" }</dt><dd>{ words::channel(contact.channel) }</dd></div>
            if let Some((time, zone)) = local {
                <div><dt>{ "Local time" }</dt><dd title={zone.to_owned()}>{ time }</dd></div>
            }
            if let Some(language) = &contact.language { <div><dt>{ "Language" }</dt><dd>{ language }</dd></div> }
            <div><dt>{ "Asked" }</dt><dd><Ago at={contact.requested_at} skew_ms={props.skew_ms} /></dd></div>
        </dl>
    }
}

#[derive(Properties, PartialEq)]
struct ContextProps {
    json: AttrValue,
}

/// Cart or product data, as the page gave it: names and values of its first level, the rest as text.
#[component]
fn Context(props: &ContextProps) -> Html {
    let Ok(serde_json::Value::Object(fields)) = serde_json::from_str(&props.json) else {
        return Html::default();
    };
    html! {
        <>
            <h3>{ "From the page" }</h3>
            <dl class="facts">
                { for fields.iter().map(|(name, value)| html! {
                    <div key={name.clone()}><dt>{ name }</dt><dd>{ value_text(value) }</dd></div>
                }) }
            </dl>
        </>
    }
}

fn value_text(value: &serde_json::Value) -> String {
    use serde_json::Value;
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) if items.is_empty() => "–".into(),
        Value::Array(items) => items.iter().map(value_text).collect::<Vec<_>>().join(", "),
        Value::Object(fields) => {
            let pairs = fields.iter().map(|(name, value)| format!("{name}: {}", value_text(value)));
            pairs.collect::<Vec<_>>().join(" · ")
        }
        Value::Null => "–".into(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

#[derive(Properties, PartialEq)]
pub(crate) struct TrailProps {
    pub(crate) pages: Vec<Visit>,
    pub(crate) skew_ms: i64,
}

/// The pages that the customer saw, newest on top. URLs are text, never links: they are the page's word.
#[component]
pub(crate) fn Trail(props: &TrailProps) -> Html {
    if props.pages.is_empty() {
        return Html::default();
    }
    html! {
        <>
            <h3>{ "Trail" }</h3>
            <ol class="trail" reversed=true>
                { for props.pages.iter().rev().map(|page| html! {
                    <li>
                        <span class="trail-title">{ if page.title.is_empty() { path(&page.url) } else { &page.title } }</span>
                        <span class="trail-url" title={page.url.clone()}>{ path(&page.url) }</span>
                        <span class="trail-time" title={exact(page.at)}><Ago at={page.at} skew_ms={0} /></span>
                    </li>
                }) }
            </ol>
        </>
    }
}

/// What follows the host; the whole text if it looks like no URL.
fn path(url: &str) -> &str {
    let after = url.split_once("://").map_or(url, |(_, rest)| rest);
    after.find('/').map_or(url, |slash| &after[slash..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn context_of_any_shape_becomes_text() {
        let value = serde_json::json!([{ "item": "Oak <b>stool</b>", "price": 89 }, null]);
        assert_eq!(value_text(&value), "item: Oak <b>stool</b> · price: 89, –");
    }

    #[test]
    fn a_path_is_what_follows_the_host() {
        assert_eq!(path("https://shop.example/a?b=c"), "/a?b=c");
        assert_eq!(path("https://shop.example"), "https://shop.example");
        assert_eq!(path("nonsense"), "nonsense");
    }
}
