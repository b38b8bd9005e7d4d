//! The form.
use yew::Html;

use super::{El, button, el, el::chevron, text};
use crate::{
    app::App,
    number, page,
    state::{Form, Site},
    strings,
};

/// Attribute of the notes field: [`shared::limits::NOTE_CHARS`].
const NOTE_CHARS: &str = "1000";

pub(crate) fn form(app: &App, card: El) -> El {
    let state = &app.state;
    let Some(site) = &state.site else { return missing(app, card) };
    let form = &state.form;
    let faults = &form.faults;
    let note =
        el("textarea").attr("id", "note").attr("rows", "2").attr("maxlength", NOTE_CHARS).value(&form.note);
    let optional = text("span", "soft", strings::OPTIONAL);
    let mut all = el("form")
        .attr("novalidate", "")
        .child(text("p", "soft", strings::promise(site.info.wait_seconds)))
        .child(label("number", strings::NUMBER))
        .child(number_field(form, site))
        .child(fault("number-fault", &faults.number))
        .child(remember(form))
        .child(when(form))
        .child(el("label").attr("for", "note").text(strings::NOTE).text(" ").child(optional).html())
        .child(marked(note, faults.note.is_some(), "note-fault"))
        .child(fault("note-fault", &faults.note))
        .child(text("p", "trust", strings::TRUST))
        .child(fault("form-fault", &faults.form))
        .child(text("button", "primary", strings::CALL_ME));
    if site.info.browser_voice {
        all = all.child(button("", strings::TALK_HERE, "here"));
    }
    card.child(all.html())
}

/// The business is not known yet, or cannot be reached.
fn missing(app: &App, card: El) -> El {
    if !app.state.site_failed {
        return card.child(text("p", "soft", strings::LOADING));
    }
    let mut card = card.child(text("p", "line", strings::NOT_LOADED));
    if let Some(phone) = &app.config.phone {
        let link = el("a").class("button").own("href", ["tel:", phone].concat());
        card = card.child(link.text(strings::call_by_hand(phone)).html());
    }
    card.child(button("", strings::TRY_AGAIN, "again"))
}

fn label(field: &'static str, words: &'static str) -> Html {
    el("label").attr("for", field).text(words).html()
}

/// Ties a field to what is said about it.
fn marked(field: El, wrong: bool, fault: &'static str) -> Html {
    field.attr("aria-describedby", fault).when(wrong, "aria-invalid", "true").html()
}

fn fault(id: &'static str, fault: &Option<String>) -> Html {
    el("p").class("fault").attr("id", id).text(fault.clone().unwrap_or_default()).html()
}

fn number_field(form: &Form, site: &Site) -> Html {
    let field =
        el("input").attr("id", "number").attr("type", "tel").attr("name", "tel").attr("autocomplete", "tel");
    let field = marked(field.value(&form.number), form.faults.number.is_some(), "number-fault");
    el("div").class("number").child(country(form, site)).child(field).html()
}

/// The short form is what one sees, the list what one chooses from.
fn country(form: &Form, site: &Site) -> Html {
    let code = |name: &str, region: &str| [name, " +", number::dialling_code(region).unwrap_or("?")].concat();
    let shown = el("span").attr("aria-hidden", "true").text(code(&form.region, &form.region)).html();
    let mut list = el("select").attr("id", "country").attr("aria-label", strings::COUNTRY);
    for (region, name) in site.info.regions.iter().zip(&site.countries) {
        let option = el("option").own("value", region.clone()).chosen(*region == form.region);
        list = list.child(option.text(code(name, region)).html());
    }
    el("div").class("country").child(shown).child(chevron()).child(list.html()).html()
}

fn remember(form: &Form) -> Html {
    let tick = el("input").attr("id", "remember").attr("type", "checkbox").checked(form.remember).html();
    let mut row =
        el("div").class("split").child(el("label").class("check").child(tick).text(strings::REMEMBER).html());
    if form.remembered {
        row = row.child(button("link", strings::FORGET, "forget"));
    }
    row.html()
}

fn when(form: &Form) -> Html {
    let choice = |id: &'static str, yes: bool, words: &'static str| {
        let radio = el("input").attr("id", id).attr("type", "radio").attr("name", "when").checked(yes).html();
        el("label").class("choice").child(radio).child(text("span", "", words)).html()
    };
    let choices = el("div").class("choices").child(choice("now", !form.later, strings::NOW));
    let mut all = el("fieldset")
        .child(text("legend", "", strings::WHEN))
        .child(choices.child(choice("later", form.later, strings::LATER)).html());
    if form.later {
        let now = page::local_now();
        let field = |id: &'static str, words: &'static str, kind: &'static str, value: &str| {
            let field = el("input").attr("id", id).attr("type", kind).value(value);
            let field = marked(field, form.faults.time.is_some(), "time-fault");
            el("div").child(label(id, words)).child(field).html()
        };
        let times = el("div")
            .class("window")
            .child(field("day", strings::DAY, "date", &form.day))
            .child(field("from", strings::FROM, "time", &form.from))
            .child(field("until", strings::UNTIL, "time", &form.until));
        all = all.child(times.html()).child(text("p", "soft", strings::zone(&now.zone)));
    }
    all.child(fault("time-fault", &form.faults.time)).html()
}
