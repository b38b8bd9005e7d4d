//! What the customer sees, drawn with [`Ui`]. What an element does stands in its `data-do` ([`events`]).
mod contact;
pub(crate) mod events;
mod form;
mod ui;

use yew::Html;

use crate::{app::App, state::Stage, strings};
use ui::{Ui, attributes};

const SHEET: &str = include_str!("view/style.css");

/// The card's style: the merchant's colour, with black or white on it by its lightness (CIE L* 49.44 is equally
/// far from both). What is no colour is dropped by the browser's parser; what could be more than a colour, here.
pub(crate) fn style(accent: &str) -> String {
    let plain = accent.bytes().all(|b| b.is_ascii_alphanumeric() || b"#(),.%/ -".contains(&b));
    let accent = if plain { accent } else { "" };
    [SHEET, ".primary,.chip{background:", accent, ";color:lch(from ", accent, " calc((49.44 - l)*9e9) 0 0)}"]
        .concat()
}

pub(crate) fn app(app: &App) -> Html {
    let (state, ui) = (&app.state, &mut Ui::new());
    if let Some(live) = state.live().filter(|live| state.is_sharing() && !live.viewers.is_empty()) {
        ui.line("div", attributes!["class" "frame"], "");
        ui.open("p", attributes!["class" "chip", "role" "status"]);
        ui.own("span", &[], strings::seen_by(&live.viewers));
        ui.line("button", attributes!["type" "button", "data-do" "stop"], strings::STOP);
        ui.close();
    }
    if let Some(toast) = &state.toast {
        // `spoken` says it as well.
        ui.own("p", attributes!["class" "toast", "aria-hidden" "true"], toast.clone());
    }
    if state.open {
        card(app, ui);
    }
    ui.own("p", attributes!["class" "spoken", "role" "status", "aria-live" "polite"], spoken(app));
    std::mem::replace(ui, Ui::new()).done()
}

fn card(app: &App, ui: &mut Ui) {
    let state = &app.state;
    let title =
        if state.site.is_some() { strings::title(state.business()) } else { app.config.words.clone() };
    ui.open("section", attributes!["id" "card", "role" "dialog", "aria-labelledby" "title", "tabindex" "-1"]);
    ui.open("div", attributes!["class" "head"]);
    ui.own("h2", attributes!["id" "title"], title);
    ui.open(
        "button",
        attributes!["class" "icon", "type" "button", "data-do" "close", "aria-label" strings::CLOSE],
    );
    ui.chevron();
    ui.close();
    ui.close();
    // Head and body, whatever is drawn: elements are matched from the last one, so that a head among them would
    // become something else, and a finger or a focus on "Close" would be on "Hang up".
    ui.open("div", attributes!["class" "body"]);
    match &state.stage {
        Stage::Asking => form::form(app, ui),
        Stage::Contact(live) => contact::contact(app, live, ui),
        waits @ (Stage::Permission | Stage::Sending { .. } | Stage::Proving) => {
            ui.own("p", attributes!["class" "line"], spoken(app));
            if !matches!(waits, Stage::Sending { .. }) {
                ui.line("button", attributes!["data-do" "cancel"], strings::CANCEL);
            }
        }
    }
    ui.close();
    ui.close();
}

/// What a screen reader says when it changes. The timer is not in it: it would never be silent.
fn spoken(app: &App) -> String {
    let state = &app.state;
    if let Some(toast) = &state.toast {
        return toast.clone();
    }
    let words = match &state.stage {
        Stage::Asking => {
            let faults = &state.form.faults;
            let first = faults.number.as_ref().or(faults.time.as_ref()).or(faults.note.as_ref());
            return first.or(faults.form.as_ref()).cloned().unwrap_or_default();
        }
        Stage::Permission => strings::PERMISSION,
        Stage::Proving => strings::PROVING,
        Stage::Sending { tries: 0, .. } => strings::SENDING,
        Stage::Sending { .. } => strings::RETRYING,
        Stage::Contact(live) if state.offline && !live.has_ended() => strings::OFFLINE,
        Stage::Contact(live) => return contact::line(app, live),
    };
    words.into()
}
