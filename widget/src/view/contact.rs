//! A contact: one status line, one action.
use shared::contact::{EndReason, Phase};

use super::{El, button, el, text};
use crate::{
    app::App,
    state::{Live, State, Voice, is_worth_another_try},
    strings,
};

pub(crate) fn contact(app: &App, live: &Live, card: El) -> El {
    let state = &app.state;
    let mut card = card.child(text("p", "line", line(state, live)));
    if let Some(seconds) = state.talked(app.server_now()) {
        card = card.child(el("p").class("timer").attr("role", "timer").text(strings::clock(seconds)).html());
    }
    let notice = match live.voice {
        _ if live.has_ended() => "",
        _ if state.offline => strings::OFFLINE,
        Voice::Idle | Voice::Up => "",
        Voice::Away => strings::VOICE_LOST,
        Voice::MicrophoneLost => strings::MICROPHONE_LOST,
        Voice::Elsewhere => strings::VOICE_ELSEWHERE,
        Voice::Blocked => {
            card = card.child(button("primary", strings::TAP_TO_HEAR, "hear"));
            ""
        }
    };
    if !notice.is_empty() {
        card = card.child(text("p", "notice", notice));
    }
    if !matches!(live.phase(), None | Some(Phase::Ended | Phase::Scheduled)) {
        card = card.child(sharing(state));
    }
    actions(live, card)
}

/// The status in words.
pub(crate) fn line(state: &State, live: &Live) -> String {
    let business = state.site.as_ref().map_or(strings::US, |site| &site.info.name);
    match &live.status {
        Some(status) => strings::status(&live.ticket, status, business),
        None => strings::LOADING.into(),
    }
}

fn sharing(state: &State) -> yew::Html {
    let (words, action, does) = if state.is_sharing() {
        (strings::SHARED, strings::STOP, "stop")
    } else {
        (strings::NOT_SHARED, strings::SHARE_AGAIN, "share")
    };
    el("p").class("split soft").child(text("span", "", words)).child(button("link", action, does)).html()
}

fn actions(live: &Live, card: El) -> El {
    let row = el("div").class("actions");
    let reason = live.status.as_ref().and_then(|status| status.reason);
    let row = match live.phase() {
        None => return card,
        Some(Phase::Ended) if reason == Some(EndReason::Cancelled) => {
            row.child(button("", strings::ASK_AGAIN, "again")).child(button("", strings::DONE, "done"))
        }
        Some(Phase::Ended) if is_worth_another_try(reason) => row
            .child(button("primary", strings::TRY_AGAIN, "again"))
            .child(button("", strings::PICK_TIME, "plan")),
        Some(Phase::Ended) => row.child(button("", strings::DONE, "done")),
        Some(Phase::Scheduled | Phase::Waiting) => row.child(button("", strings::CANCEL, "cancel")),
        Some(Phase::Calling | Phase::Confirming | Phase::Connecting | Phase::Talking | Phase::OnHold) => {
            row.child(button("danger", strings::HANG_UP, "cancel"))
        }
    };
    card.child(row.html())
}
