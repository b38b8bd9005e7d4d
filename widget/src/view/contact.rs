//! A contact: one status line, one action.
use shared::contact::{CustomerStatus, EndReason, Phase};
use wasm_bindgen::JsValue;

use super::ui::{Ui, attributes};
use crate::{
    app::App,
    js, page,
    state::{Live, State, Voice, is_worth_another_try},
    strings,
};

pub(crate) fn contact(app: &App, live: &Live, ui: &mut Ui) {
    let state = &app.state;
    ui.own("p", attributes!["class" "line"], line(app, live));
    if let Some(seconds) = state.talked(app.server_now()) {
        ui.own("p", attributes!["class" "timer", "role" "timer"], strings::clock(seconds));
    }
    let notice = match live.voice {
        _ if live.has_ended() => "",
        _ if state.offline => strings::OFFLINE,
        Voice::Idle | Voice::Up => "",
        Voice::Away => strings::VOICE_LOST,
        Voice::MicrophoneLost => strings::MICROPHONE_LOST,
        Voice::Elsewhere => strings::VOICE_ELSEWHERE,
        Voice::Blocked => {
            ui.line("button", attributes!["class" "primary", "data-do" "hear"], strings::TAP_TO_HEAR);
            ""
        }
    };
    if !notice.is_empty() {
        ui.line("p", attributes!["class" "notice"], notice);
    }
    if !matches!(live.phase(), None | Some(Phase::Ended | Phase::Scheduled)) {
        sharing(state, ui);
    }
    actions(live, ui);
    if !live.has_ended() {
        // The line puts into it what belongs to the voice, and to codes.
        ui.open("fieldset", attributes!["id" "voice", "class" "actions"]);
        ui.close();
    }
}

/// The status in words, which the line's module has.
pub(crate) fn line(app: &App, live: &Live) -> String {
    let told = |status: &CustomerStatus| {
        let business = app.state.site.as_ref().map_or(strings::US, |site| &site.info.name);
        let mut told = js::status_told(status)
            .value("phase", &(status.phase as u32).into())
            .value("reason", &status.reason.map_or(JsValue::NULL, |reason| (reason as u32).into()))
            .with("business", business)
            .maybe("number", live.ticket.number.as_deref())
            .value("attempts", &status.attempts.into());
        if let Some(window) = &live.ticket.window {
            told = told.value("window", &js::window_record(window));
        }
        page::call(&app.module, "words", &told.0).as_string()
    };
    live.status.as_ref().and_then(told).unwrap_or_else(|| strings::LOADING.into())
}

fn sharing(state: &State, ui: &mut Ui) {
    ui.open("p", attributes!["class" "split soft"]);
    if state.is_sharing() {
        ui.line("span", &[], strings::SHARED);
        ui.line("button", attributes!["class" "link", "data-do" "hidden"], strings::HIDDEN);
        ui.line("button", attributes!["class" "link", "data-do" "stop"], strings::STOP);
    } else {
        ui.line("span", &[], strings::NOT_SHARED);
        ui.line("button", attributes!["class" "link", "data-do" "share"], strings::SHARE_AGAIN);
    }
    ui.close();
}

fn actions(live: &Live, ui: &mut Ui) {
    let reason = live.status.as_ref().and_then(|status| status.reason);
    ui.open("div", attributes!["class" "actions"]);
    match live.phase() {
        None => {}
        Some(Phase::Ended) => {
            if reason == Some(EndReason::Cancelled) {
                ui.line("button", attributes!["data-do" "again"], strings::ASK_AGAIN);
            } else if is_worth_another_try(reason) {
                ui.line("button", attributes!["class" "primary", "data-do" "again"], strings::TRY_AGAIN);
                ui.line("button", attributes!["data-do" "plan"], strings::PICK_TIME);
                return ui.close();
            }
            ui.line("button", attributes!["data-do" "done"], strings::DONE);
        }
        Some(Phase::Showing) => ui.line("button", attributes!["data-do" "cancel"], strings::DONE),
        Some(Phase::Scheduled | Phase::Waiting) => {
            ui.line("button", attributes!["data-do" "cancel"], strings::CANCEL);
        }
        Some(Phase::Calling | Phase::Confirming | Phase::Connecting | Phase::Talking | Phase::OnHold) => {
            ui.line("button", attributes!["class" "danger", "data-do" "cancel"], strings::HANG_UP);
        }
    }
    ui.close();
}
