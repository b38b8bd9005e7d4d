//! The wrap-up: what the call came to. Saved as one types; it survives a closed tab.
use gloo::timers::callback::Timeout;
use shared::{
    api::{OrderLine, WrapUp},
    contact::Phase,
    limits::{ORDER_LINES, WRAP_UP_NOTES_CHARS},
};
use web_sys::{HtmlInputElement, HtmlSelectElement, HtmlTextAreaElement};
use yew::prelude::*;

use super::{
    DeskHandle, DeskState,
    state::{Draft, Link},
};

/// A pause in typing after which the draft is saved, in milliseconds.
const SAVE_AFTER_MS: u32 = 500;

#[derive(Properties, PartialEq)]
pub(crate) struct WrapUpProps {
    pub(crate) state: DeskState,
}

#[component]
pub(crate) fn WrapUpForm(props: &WrapUpProps) -> Html {
    let desk = use_context::<DeskHandle>().expect("the desk gives its handle");
    let state = &props.state;
    {
        let desk = desk.clone();
        let unsaved = state.unsaved().cloned();
        use_effect_with((unsaved, state.link == Link::Up), move |(unsaved, up)| {
            let wanted = unsaved.clone().filter(|_| *up);
            let save = move |draft: Draft| {
                Timeout::new(SAVE_AFTER_MS, move || {
                    desk.save(&draft, false);
                })
            };
            let timer = wanted.map(save);
            move || drop(timer)
        });
    }
    let missing = use_state(|| false);
    let Some(draft) = state.draft.clone() else { return Html::default() };
    let wrap_up = draft.wrap_up.clone();
    let ended = state.contact.as_ref().is_some_and(|contact| contact.phase == Phase::Ended);
    let dispositions = state.welcome.as_ref().map(|welcome| welcome.dispositions.clone()).unwrap_or_default();
    let currency = state.welcome.as_ref().map(|welcome| welcome.currency.clone()).unwrap_or_default();
    let change = |edit: fn(&mut WrapUp, String)| {
        let (desk, wrap_up) = (desk.clone(), wrap_up.clone());
        move |text: String| {
            let mut wrap_up = wrap_up.clone();
            edit(&mut wrap_up, text);
            desk.typed(wrap_up);
        }
    };
    let on_disposition = change(|wrap_up, text| wrap_up.disposition = text);
    let on_notes = change(|wrap_up, text| wrap_up.notes = text);
    let finish = {
        let (desk, missing) = (desk.clone(), missing.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            missing.set(draft.wrap_up.disposition.is_empty());
            if !draft.wrap_up.disposition.is_empty() {
                desk.save(&draft, true);
            }
        })
    };
    let order_changed = {
        let (desk, wrap_up) = (desk.clone(), wrap_up.clone());
        Callback::from(move |order| desk.typed(WrapUp { order, ..wrap_up.clone() }))
    };
    html! {
        <form class="wrap-up" aria-label="Wrap-up" onsubmit={finish} novalidate=true>
            <h2>{ "Wrap-up" }<SavedMark state={state.clone()} /></h2>
            <label for="disposition">{ "Result" }</label>
            <select id="disposition" aria-describedby="disposition-trouble" aria-invalid={missing.to_string()}
                onchange={move |event: Event| on_disposition(event.target_unchecked_into::<HtmlSelectElement>().value())}>
                <option value="" selected={wrap_up.disposition.is_empty()}>{ "Choose…" }</option>
                { for dispositions.into_iter().map(|name| html! {
                    <option value={name.clone()} selected={name == wrap_up.disposition}>{ name }</option>
                }) }
            </select>
            <p id="disposition-trouble" class="trouble" role="alert">
                { if *missing && wrap_up.disposition.is_empty() { "Choose what the call came to." } else { "" } }
            </p>
            <label for="notes">{ "Notes" }</label>
            <textarea id="notes" rows="4" maxlength={WRAP_UP_NOTES_CHARS.to_string()} value={wrap_up.notes.clone()}
                oninput={move |event: InputEvent| on_notes(event.target_unchecked_into::<HtmlTextAreaElement>().value())} />
            <OrderLines order={wrap_up.order.clone()} {currency} on_change={order_changed} />
            <button class={classes!(ended.then_some("primary"))} disabled={!ended}
                title={if ended { "Save and be ready again (Ctrl+Enter)" } else { "You can finish when the call has ended" }}>
                { "Finish wrap-up" }</button>
        </form>
    }
}

#[derive(Properties, PartialEq)]
struct SavedProps {
    state: DeskState,
}

/// "Saved", "Saving…", or that there is no connection to save over.
#[component]
fn SavedMark(props: &SavedProps) -> Html {
    let Some(draft) = &props.state.draft else { return Html::default() };
    let text = if props.state.unsaved().is_none() {
        if draft.revision > 0 { "Saved" } else { "" }
    } else if props.state.link == Link::Up {
        "Saving…"
    } else {
        "Not saved yet: no connection"
    };
    html! { <small class="saved" role="status">{ text }</small> }
}

#[derive(Properties, PartialEq)]
struct OrderProps {
    order: Vec<OrderLine>,
    currency: AttrValue,
    on_change: Callback<Vec<OrderLine>>,
}

/// Order lines: item, quantity, price of one.
#[component]
fn OrderLines(props: &OrderProps) -> Html {
    let edit = |index: usize, change: fn(&mut OrderLine, String)| {
        let (order, on_change) = (props.order.clone(), props.on_change.clone());
        Callback::from(move |event: Event| {
            let mut order = order.clone();
            if let Some(line) = order.get_mut(index) {
                change(line, event.target_unchecked_into::<HtmlInputElement>().value());
                on_change.emit(order);
            }
        })
    };
    let remove = |index: usize| {
        let (order, on_change) = (props.order.clone(), props.on_change.clone());
        Callback::from(move |_: MouseEvent| {
            let mut order = order.clone();
            order.remove(index);
            on_change.emit(order);
        })
    };
    let add = {
        let (order, on_change) = (props.order.clone(), props.on_change.clone());
        Callback::from(move |_: MouseEvent| {
            let mut order = order.clone();
            order.push(OrderLine { item: String::new(), quantity: 1, unit_price: 0 });
            on_change.emit(order);
        })
    };
    let sum: u64 = props
        .order
        .iter()
        .map(|line| line.unit_price.saturating_mul(line.quantity.into()))
        .fold(0, u64::saturating_add);
    html! {
        <fieldset class="order">
            <legend>{ "Order" }</legend>
            { for props.order.iter().enumerate().map(|(index, line)| html! {
                <div class="order-line">
                    <input aria-label={format!("Item {}", index + 1)} placeholder="Item" value={line.item.clone()}
                        maxlength="200" onchange={edit(index, |line, text| line.item = text)} />
                    <input aria-label={format!("Quantity {}", index + 1)} type="number" min="1" max="999" inputmode="numeric"
                        value={line.quantity.to_string()} onchange={edit(index, |line, text| line.quantity = text.parse().unwrap_or(1))} />
                    <input aria-label={format!("Price {} in {}", index + 1, props.currency)} inputmode="decimal"
                        value={price_text(line.unit_price)} onchange={edit(index, |line, text| line.unit_price = parse_price(&text))} />
                    <button type="button" class="plain" aria-label={format!("Remove item {}", index + 1)} onclick={remove(index)}>
                        { crate::icons::Icon::Close.html() }</button>
                </div>
            }) }
            <div class="order-foot">
                <button type="button" onclick={add} disabled={props.order.len() >= ORDER_LINES}>{ "Add a line" }</button>
                if sum > 0 { <span>{ format!("{} {}", price_text(sum), props.currency) }</span> }
            </div>
        </fieldset>
    }
}

/// `1234` (minor units) as `12.34`.
pub(crate) fn price_text(minor: u64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}

/// `12`, `12.3`, `12,34` to minor units; nonsense is 0.
fn parse_price(text: &str) -> u64 {
    let text = text.trim().replace(',', ".");
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let part = format!("{part:0<2}");
    let cents = part.get(..2).and_then(|two| two.parse::<u64>().ok());
    let whole = if whole.is_empty() { Some(0) } else { whole.parse::<u64>().ok() };
    whole.zip(cents).map_or(0, |(whole, cents)| whole.saturating_mul(100).saturating_add(cents))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_read_as_people_write_them() {
        let read = ["12", "12.3", "12,34", ".5", "", "12.345", "x", "-3"].map(parse_price);
        assert_eq!(read, [1_200, 1_230, 1_234, 50, 0, 1_234, 0, 0]);
    }

    #[test]
    fn prices_are_written_with_two_digits() {
        assert_eq!([price_text(0), price_text(5), price_text(1_234)], ["0.00", "0.05", "12.34"]);
    }
}
