//! The form.
use shared::{api::Channel, limits};
use web_sys::{HtmlInputElement, HtmlSelectElement, HtmlTextAreaElement};
use yew::prelude::*;

use super::{Link, click};
use crate::{
    app::{App, Msg},
    browser, number,
    state::{Event, Field, Form, Site},
    strings,
};

pub(crate) fn form(app: &App, link: &Link) -> Html {
    let state = &app.state;
    let Some(site) = &state.site else { return missing(app, link) };
    let form = &state.form;
    let submit = link.callback(|event: SubmitEvent| {
        event.prevent_default();
        Msg::Event(Event::Submitted(Channel::Telephone, browser::local_now()))
    });
    html! {
        <form onsubmit={submit} novalidate=true>
            <p class="soft">{ strings::promise(site.info.wait_seconds) }</p>
            { number_field(form, site, link) }
            { remember(form, link) }
            { when(form, link) }
            <label for="note">{ strings::NOTE }{ " " }<span class="soft">{ strings::OPTIONAL }</span></label>
            <textarea id="note" rows="2" maxlength={limits::NOTE_CHARS.to_string()} value={form.note.clone()}
                aria-invalid={invalid(&form.faults.note)} aria-describedby="note-fault"
                oninput={link.callback(|event: InputEvent| {
                    Msg::Event(Event::Typed(Field::Note, event.target_unchecked_into::<HtmlTextAreaElement>().value()))
                })} />
            { fault("note-fault", &form.faults.note) }
            <p class="trust">{ strings::TRUST }</p>
            { fault("form-fault", &form.faults.form) }
            <button class="primary" aria-describedby="form-fault">{ strings::CALL_ME }</button>
            if site.info.browser_voice {
                <button type="button" onclick={click(link, || {
                    Event::Submitted(Channel::Browser, browser::local_now())
                })}>{ strings::TALK_HERE }</button>
            }
        </form>
    }
}

/// The business is not known yet, or cannot be reached.
fn missing(app: &App, link: &Link) -> Html {
    if !app.state.site_failed {
        return html! { <p class="soft">{ strings::LOADING }</p> };
    }
    html! {<>
        <p class="line">{ strings::NOT_LOADED }</p>
        if let Some(phone) = &app.config.phone {
            <a class="button" href={["tel:", phone].concat()}>{ strings::call_by_hand(phone) }</a>
        }
        <button type="button" onclick={click(link, || Event::StartAnew { later: false })}>{ strings::TRY_AGAIN }</button>
    </>}
}

fn invalid(fault: &Option<String>) -> Option<&'static str> {
    fault.as_ref().map(|_| "true")
}

fn fault(id: &'static str, fault: &Option<String>) -> Html {
    html! { <p class="fault" id={id}>{ fault.clone().unwrap_or_default() }</p> }
}

fn typed(link: &Link, field: Field) -> Callback<InputEvent> {
    link.callback(move |event: InputEvent| {
        Msg::Event(Event::Typed(field, event.target_unchecked_into::<HtmlInputElement>().value()))
    })
}

fn number_field(form: &Form, site: &Site, link: &Link) -> Html {
    html! {<>
        <label for="number">{ strings::NUMBER }</label>
        <div class="number">
            { country(form, site, link) }
            <input id="number" type="tel" name="tel" autocomplete="tel" value={form.number.clone()}
                aria-invalid={invalid(&form.faults.number)} aria-describedby="number-fault"
                oninput={typed(link, Field::Number)} onfocusout={link.callback(|_: FocusEvent| Msg::Event(Event::NumberLeft))} />
        </div>
        { fault("number-fault", &form.faults.number) }
    </>}
}

/// The short form is what one sees, the list what one chooses from.
fn country(form: &Form, site: &Site, link: &Link) -> Html {
    let code = |region: &str| [region, " +", number::dialling_code(region).unwrap_or("?")].concat();
    let shown = html! { <span aria-hidden="true">{ code(&form.region) }</span> };
    if site.info.regions.len() < 2 {
        return html! { <div class="country">{ shown }</div> };
    }
    let chosen = link.batch_callback(|event: yew::Event| {
        let region = event.target_unchecked_into::<HtmlSelectElement>().value();
        vec![Msg::Event(Event::Typed(Field::Region, region)), Msg::Event(Event::NumberLeft)]
    });
    html! {
        <div class="country">
            { shown }
            <svg viewBox="0 0 24 24" aria-hidden="true"><path d="M6 9l6 6 6-6" /></svg>
            <select aria-label={strings::COUNTRY} onchange={chosen}>
                { for site.info.regions.iter().zip(&site.countries).map(|(region, name)| {
                    let text = [name, " +", number::dialling_code(region).unwrap_or("?")].concat();
                    html! { <option value={region.clone()} selected={*region == form.region}>{ text }</option> }
                }) }
            </select>
        </div>
    }
}

fn remember(form: &Form, link: &Link) -> Html {
    let changed = link.callback(|event: yew::Event| {
        Msg::Event(Event::Remember(event.target_unchecked_into::<HtmlInputElement>().checked()))
    });
    html! {
        <div class="split">
            <label class="check">
                <input type="checkbox" checked={form.remember} onchange={changed} />{ strings::REMEMBER }
            </label>
            if form.remembered {
                <button type="button" class="link" onclick={click(link, || Event::ForgetMe)}>{ strings::FORGET }</button>
            }
        </div>
    }
}

fn when(form: &Form, link: &Link) -> Html {
    let choice = |later: bool, text: &'static str| {
        let chosen =
            link.callback(move |_: yew::Event| Msg::Event(Event::Later(later, browser::local_now())));
        html! {
            <label class="choice">
                <input type="radio" name="when" checked={form.later == later} onchange={chosen} /><span>{ text }</span>
            </label>
        }
    };
    html! {
        <fieldset>
            <legend>{ strings::WHEN }</legend>
            <div class="choices">{ choice(false, strings::NOW) }{ choice(true, strings::LATER) }</div>
            if form.later { { window(form, link) } }
            { fault("time-fault", &form.faults.time) }
        </fieldset>
    }
}

fn window(form: &Form, link: &Link) -> Html {
    let now = browser::local_now();
    let field = |id: &'static str, text: &'static str, kind: &'static str, value: &str, field: Field| {
        html! {
            <div>
                <label for={id}>{ text }</label>
                <input id={id} type={kind} value={value.to_owned()} min={(kind == "date").then(|| now.day.clone())}
                    aria-invalid={invalid(&form.faults.time)} aria-describedby="time-fault" oninput={typed(link, field)} />
            </div>
        }
    };
    html! {<>
        <div class="window">
            { field("day", strings::DAY, "date", &form.day, Field::Day) }
            { field("from", strings::FROM, "time", &form.from, Field::From) }
            { field("until", strings::UNTIL, "time", &form.until, Field::Until) }
        </div>
        <p class="soft">{ strings::zone(&now.zone) }</p>
    </>}
}
