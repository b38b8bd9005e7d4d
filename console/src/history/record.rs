//! One contact, whole.
use shared::{
    ContactId,
    api::{ContactDetail, LegRecord, Problem, Recordings, WrapUp},
};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::{
    desk::{Trail, price_text},
    http,
    icons::Icon,
    replay::Player,
    time::{clock, exact},
    words,
};

#[derive(Properties, PartialEq)]
pub(crate) struct RecordProps {
    pub(crate) contact: ContactId,
    pub(crate) skew_ms: i64,
    pub(crate) csrf: AttrValue,
    pub(crate) on_back: Callback<()>,
}

#[component]
pub(crate) fn Record(props: &RecordProps) -> Html {
    let load = use_state(|| None::<Result<ContactDetail, Problem>>);
    let recordings = use_state(|| None::<Result<Recordings, Problem>>);
    let plays = use_state(|| false);
    let tries = use_state(|| 0_u32);
    {
        let (load, recordings) = (load.setter(), recordings.setter());
        use_effect_with((props.contact, *tries), move |&(contact, _)| {
            load.set(None);
            recordings.set(None);
            spawn_local(async move { load.set(Some(http::contact(contact).await)) });
            spawn_local(async move { recordings.set(Some(http::recordings(contact).await)) });
        });
    }
    let again = Callback::from({
        let tries = tries.clone();
        move |_: MouseEvent| tries.set(*tries + 1)
    });
    let back = props.on_back.reform(|_: MouseEvent| ());
    if let (true, Some(Ok(recordings)), Some(Ok(detail))) = (*plays, &*recordings, &*load) {
        let plays = plays.setter();
        let on_back = Callback::from(move |()| plays.set(false));
        let (contact, csrf) = (props.contact, props.csrf.clone());
        return html! { <Player {contact} {csrf} who={who(detail)} recordings={recordings.clone()} {on_back} /> };
    }
    let replay = match &*recordings {
        Some(Ok(recordings)) => recorded(recordings, &plays),
        // Whoever may not play is told so by the server, and sees nothing of it here.
        Some(Err(problem)) if problem.status == 403 => Html::default(),
        Some(Err(problem)) => failed("player-fault", words::NO_LIST, problem, &again),
        None => Html::default(),
    };
    html! {
        <section class="record" aria-label="Contact record">
            <button onclick={back}>{ "← All contacts" }</button>
            { match &*load {
                None => html! { <div class="skeletons" aria-busy="true" aria-label="Loading">{ for (0..4).map(|_| html! { <div class="skeleton"></div> }) }</div> },
                Some(Err(problem)) => failed("empty", words::NO_CONTACT, problem, &again),
                Some(Ok(detail)) => record(detail, replay, props.skew_ms),
            } }
        </section>
    }
}

fn failed(class: &'static str, what: &str, problem: &Problem, again: &Callback<MouseEvent>) -> Html {
    html! {
        <div {class} role="alert">
            <p>{ what }{ " " }{ &problem.detail }</p>
            <button onclick={again.clone()}>{ words::TRY_AGAIN }</button>
        </div>
    }
}

fn who(detail: &ContactDetail) -> String {
    let summary = &detail.summary;
    let known = summary.name.clone().or(summary.number.clone());
    known.unwrap_or_else(|| words::channel(summary.channel).into())
}

/// For those who may play: what there is.
fn recorded(recordings: &Recordings, plays: &UseStateHandle<bool>) -> Html {
    let segments = || recordings.parts.iter().flat_map(|part| &part.segments);
    let (Some(first), Some(last)) = (segments().next(), segments().last()) else {
        return html! { <p class="quiet">{ words::NOT_RECORDED }</p> };
    };
    let plays = plays.setter();
    let seconds = last.until.since(first.from).as_secs();
    let bytes = segments().map(|segment| usize::try_from(segment.bytes).unwrap_or(usize::MAX)).sum();
    let (length, size) = (clock(seconds), words::size(bytes, seconds));
    html! {
        <p class="recorded">
            <button onclick={move |_| plays.set(true)}>{ Icon::Play.html() }<span>{ "Replay" }</span></button>
            <span class="quiet">{ format!("The customer's pages: {length} long, {size}. That you watch them is put on record.") }</span>
        </p>
    }
}

fn record(detail: &ContactDetail, replay: Html, skew_ms: i64) -> Html {
    let summary = &detail.summary;
    html! {
        <>
            <h2>{ who(detail) }</h2>
            { replay }
            <dl class="facts">
                <div><dt>{ "Asked" }</dt><dd>{ exact(summary.requested_at) }</dd></div>
                <div><dt>{ "Came to" }</dt><dd>{ summary.reason.map_or(words::phase(summary.phase), words::reason) }</dd></div>
                if let Some(number) = &summary.number { <div><dt>{ "Number" }</dt><dd>{ number }</dd></div> }
                if let Some(agent) = &summary.agent { <div><dt>{ "Agent" }</dt><dd>{ agent }</dd></div> }
                if let Some(ended) = summary.ended_at { <div><dt>{ "Ended" }</dt><dd>{ exact(ended) }</dd></div> }
                <div><dt>{ "Talked" }</dt><dd>{ clock(summary.talk_seconds.into()) }</dd></div>
                <div><dt>{ "Consent text" }</dt><dd>{ &detail.consent }</dd></div>
            </dl>
            if let Some(note) = &summary.note { <blockquote>{ note }</blockquote> }
            if let Some(wrap_up) = &detail.wrap_up { { result(wrap_up, detail.wrap_up_done) } }
            <h3>{ "Legs" }</h3>
            { legs(&detail.legs) }
            <Trail pages={detail.trail.clone()} {skew_ms} />
        </>
    }
}

fn result(wrap_up: &WrapUp, done: bool) -> Html {
    html! {
        <>
            <h3>{ if done { "Wrap-up" } else { "Wrap-up (not finished)" } }</h3>
            <p><strong>{ &wrap_up.disposition }</strong></p>
            <p class="keep-lines">{ &wrap_up.notes }</p>
            if !wrap_up.order.is_empty() {
                <ul>{ for wrap_up.order.iter().map(|line| html! {
                    <li>{ format!("{} × {} at {}", line.quantity, line.item, price_text(line.unit_price)) }</li>
                }) }</ul>
            }
        </>
    }
}

/// What a leg's row says, in order.
const LEG: [&str; 6] = ["Party", "Began", "Rang", "Up", "Bridged", "Ended by"];

/// A table on a screen; on a telephone each leg is a list of its own, under the same names. Roles are said in words, because
/// a table that is laid out otherwise is none to some browsers.
fn legs(legs: &[LegRecord]) -> Html {
    if legs.is_empty() {
        return html! { <p class="empty">{ "No call was placed." }</p> };
    }
    html! {
        <div class="table-box" tabindex="0" role="region" aria-label="Legs">
            <table role="table">
                <thead role="rowgroup"><tr role="row">{ for LEG.map(|head| html! { <th role="columnheader" scope="col">{ head }</th> }) }</tr></thead>
                <tbody role="rowgroup">{ for legs.iter().map(leg_row) }</tbody>
            </table>
        </div>
    }
}

fn leg_row(leg: &LegRecord) -> Html {
    let span = |from: Option<shared::Timestamp>, to: Option<shared::Timestamp>| {
        from.zip(to).map_or_else(|| "–".to_owned(), |(from, to)| clock(to.since(from).as_secs()))
    };
    let party = leg.number.as_ref().map_or_else(
        || words::party(leg.party).to_owned(),
        |number| format!("{} {number}", words::party(leg.party)),
    );
    let cells = [
        party,
        exact(leg.started_at),
        span(Some(leg.started_at), leg.answered_at.or(leg.ended_at)),
        span(leg.answered_at, leg.ended_at),
        span(leg.bridged_at, leg.ended_at),
        leg.cause.map_or("still up", words::cause).to_owned(),
    ];
    html! {
        <tr role="row" key={leg.leg.to_string()}>
            { for LEG.into_iter().zip(cells).map(|(name, text)| html! { <td role="cell" data-name={name}>{ text }</td> }) }
        </tr>
    }
}
