//! The form.
use super::ui::{Attrs, Ui, attributes};
use crate::{
    app::App,
    number, page,
    state::{Form, Site},
    strings,
};

/// The attributes of a field; the second ones while something is wrong with it.
macro_rules! field {
    ($wrong:expr, $fault:literal, $($name:literal $value:expr),+) => {{
        let right: Attrs = attributes![$($name $value),+, "aria-describedby" $fault];
        let wrong: Attrs = attributes![$($name $value),+, "aria-describedby" $fault, "aria-invalid" "true"];
        if $wrong.is_some() { wrong } else { right }
    }};
}

pub(crate) fn form(app: &App, ui: &mut Ui) {
    let state = &app.state;
    let Some(site) = &state.site else { return missing(app, ui) };
    let form = &state.form;
    let faults = &form.faults;
    ui.open("form", attributes!["novalidate" ""]);
    ui.own("p", attributes!["class" "soft"], strings::promise(site.info.wait_seconds));
    if site.info.telephone {
        number_field(form, site, ui);
        remember(form, ui);
    }
    when(form, ui);
    ui.open("label", attributes!["for" "note"]);
    ui.say(strings::NOTE);
    ui.line("span", attributes!["class" "soft"], strings::OPTIONAL);
    ui.close();
    // The limit is shared::limits::NOTE_CHARS.
    let note = field!(faults.note, "note-fault", "id" "note", "rows" "2", "maxlength" "1000");
    ui.field("textarea", note, &form.note);
    fault(attributes!["class" "fault", "id" "note-fault"], &faults.note, ui);
    ui.own("p", attributes!["class" "trust"], site.info.consent_text.clone());
    fault(attributes!["class" "fault", "id" "form-fault"], &faults.form, ui);
    let words = if site.info.telephone { strings::CALL_ME } else { strings::TALK };
    ui.line("button", attributes!["class" "primary"], words);
    if site.info.telephone && site.info.browser_voice {
        ui.line("button", attributes!["type" "button", "data-do" "here"], strings::TALK_HERE);
    }
    if site.info.show_page {
        ui.line("button", attributes!["class" "link", "type" "button", "data-do" "page"], strings::SHOW_PAGE);
    }
    ui.close();
}

/// The business is not known yet, or cannot be reached.
fn missing(app: &App, ui: &mut Ui) {
    if !app.state.site_failed {
        return ui.line("p", attributes!["class" "soft"], strings::LOADING);
    }
    ui.line("p", attributes!["class" "line"], strings::NOT_LOADED);
    if let Some(phone) = app.config.attribute("phone") {
        ui.own("p", &[], strings::call_by_hand(&phone));
    }
    ui.line("button", attributes!["data-do" "again"], strings::TRY_AGAIN);
}

fn fault(attrs: Attrs, fault: &Option<String>, ui: &mut Ui) {
    ui.own("p", attrs, fault.clone().unwrap_or_default());
}

fn number_field(form: &Form, site: &Site, ui: &mut Ui) {
    let fault_of = &form.faults.number;
    ui.line("label", attributes!["for" "number"], strings::NUMBER);
    ui.open("div", attributes!["class" "number"]);
    country(form, site, ui);
    let attrs =
        field!(fault_of, "number-fault", "id" "number", "type" "tel", "name" "tel", "autocomplete" "tel");
    ui.field("input", attrs, &form.number);
    ui.close();
    fault(attributes!["class" "fault", "id" "number-fault"], fault_of, ui);
}

/// The short form is what one sees, the list what one chooses from; the shell sets the list's choice.
fn country(form: &Form, site: &Site, ui: &mut Ui) {
    let code = |name: &str, region: &str| [name, " +", number::dialling_code(region).unwrap_or("?")].concat();
    ui.open("div", attributes!["class" "country"]);
    ui.own("span", attributes!["aria-hidden" "true"], code(&form.region, &form.region));
    ui.chevron();
    ui.open("select", attributes!["id" "country", "aria-label" strings::COUNTRY]);
    for (region, name) in site.info.regions.iter().zip(&site.countries) {
        ui.own("option", &[], code(name, region));
    }
    ui.close();
    ui.close();
}

fn remember(form: &Form, ui: &mut Ui) {
    ui.open("div", attributes!["class" "split"]);
    ui.open("label", attributes!["class" "check"]);
    ui.choice(attributes!["id" "remember", "type" "checkbox"], form.remember);
    ui.say(strings::REMEMBER);
    ui.close();
    if form.remembered {
        ui.line("button", attributes!["class" "link", "type" "button", "data-do" "forget"], strings::FORGET);
    }
    ui.close();
}

fn when(form: &Form, ui: &mut Ui) {
    ui.open("fieldset", &[]);
    ui.line("legend", &[], strings::WHEN);
    ui.open("div", attributes!["class" "choices"]);
    choice(attributes!["id" "now", "type" "radio", "name" "when"], !form.later, strings::NOW, ui);
    choice(attributes!["id" "later", "type" "radio", "name" "when"], form.later, strings::LATER, ui);
    ui.close();
    if form.later {
        window(form, ui);
    }
    fault(attributes!["class" "fault", "id" "time-fault"], &form.faults.time, ui);
    ui.close();
}

fn choice(attrs: Attrs, yes: bool, words: &'static str, ui: &mut Ui) {
    ui.open("label", attributes!["class" "choice"]);
    ui.choice(attrs, yes);
    ui.line("span", &[], words);
    ui.close();
}

fn window(form: &Form, ui: &mut Ui) {
    let wrong = &form.faults.time;
    ui.open("div", attributes!["class" "window"]);
    time(strings::DAY, field!(wrong, "time-fault", "id" "day", "type" "date"), &form.day, ui);
    time(strings::FROM, field!(wrong, "time-fault", "id" "from", "type" "time"), &form.from, ui);
    time(strings::UNTIL, field!(wrong, "time-fault", "id" "until", "type" "time"), &form.until, ui);
    ui.close();
    ui.own("p", attributes!["class" "soft"], strings::zone(&page::local_now().zone));
}

fn time(words: &'static str, attrs: Attrs, value: &str, ui: &mut Ui) {
    ui.open("label", &[]);
    ui.say(words);
    ui.field("input", attrs, value);
    ui.close();
}
