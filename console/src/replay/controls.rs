//! Play, pause, speed, the timeline and what stands on it.
use shared::wire::recording::Miss;
use web_sys::{HtmlInputElement, MouseEvent};
use yew::prelude::*;

use super::{
    ReelHandle,
    marks::{Kind, Mark},
    state::{Act, Play, SPEEDS},
};
use crate::{icons::Icon, time::clock, words};

/// Of the drawing of marks above the timeline.
const WIDTH: u64 = 1_000;

#[derive(Properties, PartialEq)]
pub(super) struct ControlsProps {
    pub(super) play: Play,
    pub(super) reel: ReelHandle,
    pub(super) on_act: Callback<Act>,
}

#[component]
pub(super) fn Controls(props: &ControlsProps) -> Html {
    let ControlsProps { play, reel, on_act } = props;
    let act = |act: Act| on_act.reform(move |_: MouseEvent| act);
    let seek = on_act.reform(|event: InputEvent| {
        let text = event.target_unchecked_into::<HtmlInputElement>().value();
        Act::Seek(text.parse().unwrap_or_default())
    });
    let skip = on_act
        .reform(|event: Event| Act::SkipIdle(event.target_unchecked_into::<HtmlInputElement>().checked()));
    let spans = reel.0.borrow().spans();
    let (now, all) = (clock(play.at / 1_000), clock(play.end / 1_000));
    let (icon, label) = match play.playing {
        true => (Icon::Pause, "Pause"),
        false => (Icon::Play, "Play"),
    };
    html! {
        <div class="player-controls">
            <div class="player-line">
                <svg class="player-marks" viewBox={format!("0 0 {WIDTH} 10")} preserveAspectRatio="none" aria-hidden="true">
                    { for spans.iter().map(|&(from, until)| loaded(from, until, play.end)) }
                    { for reel.0.borrow().marks().iter().map(|mark| drawn(mark, play.end)) }
                </svg>
                <input class="player-range" type="range" min="0" max={play.end.to_string()} step="100" value={play.at.to_string()}
                    aria-label="Place in the recording" aria-valuetext={format!("{now} of {all}")} oninput={seek} />
            </div>
            <div class="player-row">
                <button class="player-play" onclick={act(Act::PlayOrPause)} title="Play or pause (Space)">{ icon.html() }<span>{ label }</span></button>
                <button onclick={act(Act::Back)} title="5 seconds back (Left arrow)">{ "−5 s" }</button>
                <button onclick={act(Act::Forth)} title="5 seconds on (Right arrow)">{ "+5 s" }</button>
                <span class="player-time">{ format!("{now} / {all}") }</span>
                <div class="player-speeds" role="group" aria-label="Speed">
                    { for SPEEDS.iter().map(|&speed| html! {
                        <button aria-pressed={(play.speed == speed).to_string()} onclick={act(Act::Speed(speed))}>{ format!("{speed}×") }</button>
                    }) }
                </div>
                <label class="player-skip"><input type="checkbox" checked={play.skips_idle} onchange={skip} />{ " Skip idle time" }</label>
            </div>
        </div>
    }
}

fn place(at: u64, end: u64) -> u64 {
    at.saturating_mul(WIDTH) / end.max(1)
}

/// What of it is here, as a line below the marks.
fn loaded(from: u64, until: u64, end: u64) -> Html {
    let (x, until) = (place(from, end), place(until, end));
    html! { <rect class="mark-loaded" x={x.to_string()} y="8" width={until.saturating_sub(x).to_string()} height="2" /> }
}

fn drawn(mark: &Mark, end: u64) -> Html {
    let place = |at: u64| place(at, end);
    let (class, thick) = match mark.kind {
        Kind::Page { .. } => ("mark-page", 3),
        Kind::Gap(_) => ("mark-gap", 3),
        Kind::Control(_) => ("mark-control", 3),
        Kind::Break => ("mark-break", 3),
    };
    let lasts = match mark.kind {
        Kind::Page { .. } | Kind::Break => thick,
        Kind::Gap(_) | Kind::Control(_) => {
            place(mark.until.unwrap_or(end)).saturating_sub(place(mark.at)).max(thick)
        }
    };
    html! { <rect {class} x={place(mark.at).to_string()} y="0" width={lasts.to_string()} height="10" /> }
}

#[derive(Properties, PartialEq)]
pub(super) struct MarksProps {
    pub(super) reel: ReelHandle,
    /// Changes with what came.
    pub(super) came: u32,
    pub(super) at: u64,
    pub(super) on_seek: Callback<u64>,
}

/// The same as a list, to be read and pressed.
#[component]
pub(super) fn Marks(props: &MarksProps) -> Html {
    let reel = props.reel.0.borrow();
    let now = reel.marks().iter().rposition(|mark| mark.at <= props.at);
    let rows = reel.marks().iter().enumerate().map(|(index, mark)| {
        let at = mark.at;
        let onclick = props.on_seek.reform(move |_: MouseEvent| at);
        html! {
            <li key={index}>
                <button class="player-mark" aria-current={(now == Some(index)).then_some("true")} {onclick}>
                    <span class="player-mark-time">{ clock(at / 1_000) }</span>{ said(mark) }
                </button>
            </li>
        }
    });
    html! { <ol class="player-list" aria-label="In this recording">{ for rows }</ol> }
}

fn said(mark: &Mark) -> Html {
    match &mark.kind {
        Kind::Page { title, url } => {
            let title = if title.is_empty() { url } else { title };
            html! { <span>{ title }</span> }
        }
        Kind::Gap(why) => html! { <span class="quiet">{ words::missed(*why) }</span> },
        Kind::Control(by) => html! { <span>{ format!("{by} had control") }</span> },
        Kind::Break => html! { <span class="quiet">{ words::missed(Miss::Unseen) }</span> },
    }
}
