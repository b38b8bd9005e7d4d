//! The call bar: what the call does, for how long, and everything one can do with it.
use shared::{LegId, Timestamp, contact::Phase, wire::LegTrouble};
use softphone::InputDevice;
use web_sys::HtmlSelectElement;
use yew::prelude::*;

use super::{DeskHandle, DeskState, state::Voice};
use crate::{
    icons::Icon,
    time::{Elapsed, on_server, use_now},
    words,
};

/// Lowest level that the meters show, in dBFS.
const FLOOR_DBFS: f32 = -60.0;
const METER_MS: u32 = 100;

#[derive(Properties, PartialEq)]
pub(crate) struct CallBarProps {
    pub(crate) state: DeskState,
}

#[component]
pub(crate) fn CallBar(props: &CallBarProps) -> Html {
    let desk = use_context::<DeskHandle>().expect("the desk gives its handle");
    let state = &props.state;
    let Some(call) = state.call() else { return idle_bar(state) };
    let contact = call.contact;
    let (muted, held) = (state.voice.muted(), call.phase == Phase::OnHold);
    let mute = {
        let desk = desk.clone();
        Callback::from(move |_: MouseEvent| desk.mute(!muted))
    };
    let hold = {
        let desk = desk.clone();
        Callback::from(move |_: MouseEvent| desk.hold(contact, !held))
    };
    let hang_up = {
        let desk = desk.clone();
        Callback::from(move |_: MouseEvent| desk.hang_up(contact))
    };
    let hear = Callback::from(move |_: MouseEvent| desk.hear());
    html! {
        <header class="call-bar is-live">
            <p class="call-state" role="status">
                <span class="live-dot" aria-hidden="true"></span>
                <strong>{ voice_words(state, call.phase) }</strong>
                <span class="call-who">{ call.name.clone().or(call.number.clone()).unwrap_or_default() }</span>
            </p>
            <Elapsed since={call.bridged_at.unwrap_or(call.phase_since)} skew_ms={state.skew_ms} class="call-timer" />
            if matches!(state.voice, Voice::Live { .. }) { <Meters /> }
            if state.sound_blocked {
                <button class="primary" onclick={hear}>{ "Tap to hear" }</button>
            }
            if matches!(state.voice, Voice::Connecting(_)) && call.bridged_at.is_some() {
                <span class="late">{ "Allow the microphone if the browser asks for it." }</span>
            }
            if let Voice::Stopped { leg, why } = state.voice {
                <GoOn {leg} {why} until={state.call_waits_until()} skew_ms={state.skew_ms} />
            }
            <div class="call-actions">
                <MicrophoneChoice granted={matches!(state.voice, Voice::Live { .. })} />
                <button aria-pressed={muted.to_string()} onclick={mute} title="Mute (M)">
                    { if muted { Icon::MicOff.html() } else { Icon::Mic.html() } }
                    <span>{ if muted { "Unmute" } else { "Mute" } }</span>
                </button>
                <button aria-pressed={held.to_string()} onclick={hold} title="Hold (H)" disabled={call.bridged_at.is_none()}>
                    { if held { Icon::Play.html() } else { Icon::Pause.html() } }
                    <span>{ if held { "Resume" } else { "Hold" } }</span>
                </button>
            </div>
            <button class="hang-up" onclick={hang_up} title="Hang up (Ctrl+Shift+H)">
                { Icon::HangUp.html() }<span>{ "Hang up" }</span>
            </button>
        </header>
    }
}

/// The bar while no call is up: what comes, in words.
fn idle_bar(state: &DeskState) -> Html {
    let text = state.contact.as_ref().map_or("No call", |contact| {
        let ended = contact.phase == Phase::Ended;
        if ended {
            "Call ended. Finish the wrap-up to take the next one."
        } else {
            words::phase(contact.phase)
        }
    });
    html! { <header class="call-bar"><p class="call-state" role="status">{ text }</p></header> }
}

fn voice_words(state: &DeskState, phase: Phase) -> &'static str {
    match state.voice {
        Voice::Broken { .. } => "Your voice is reconnecting",
        Voice::Connecting(_) | Voice::Invited(_) => "Connecting your voice",
        Voice::Failed(_) | Voice::Stopped { .. } => "No voice",
        Voice::None | Voice::Live { .. } if state.call().is_some_and(|call| call.customer_away) => {
            "The customer's line is reconnecting"
        }
        Voice::None | Voice::Live { .. } => words::phase(phase),
    }
}

#[derive(Properties, PartialEq)]
struct GoOnProps {
    leg: LegId,
    why: LegTrouble,
    /// When the server ends the call; none: it has not noticed yet that this page carries no voice.
    until: Option<Timestamp>,
    skew_ms: i64,
}

/// The call is on, and this page was loaded again and has no microphone: what to do, for how long there is time, and the
/// click that asks again.
#[component]
fn GoOn(props: &GoOnProps) -> Html {
    let desk = use_context::<DeskHandle>().expect("the desk gives its handle");
    let now = on_server(use_now(250), props.skew_ms);
    // Whole seconds that are left, the one that has begun counted: "1" is the last that is read.
    let left = props.until.map(|until| until.since(now).as_millis().div_ceil(1_000));
    let leg = props.leg;
    html! {
        <div class="go-on">
            // Read out once; a clock that counts down in an alert would be read every second.
            <span role="alert">{ words::stopped(props.why) }</span>
            <strong class="go-on-left" role="timer">{ words::time_left(left) }</strong>
            <button class="primary" onclick={move |_| desk.go_on(leg)}>{ "Go on with the call" }</button>
        </div>
    }
}

/// Two bars: me and the customer.
#[component]
fn Meters() -> Html {
    let desk = use_context::<DeskHandle>().expect("the desk gives its handle");
    let levels = use_state(|| (0_u8, 0_u8));
    let setter = levels.setter();
    use_effect_with((), move |()| {
        let tick = gloo::timers::callback::Interval::new(METER_MS, move || {
            if let Some(now) = desk.levels() {
                setter.set((percent(now.microphone), percent(now.remote)));
            }
        });
        move || drop(tick)
    });
    let bar = |label: &'static str, percent: u8| {
        html! {
            <span class="meter">
                <span class="meter-label">{ label }</span>
                <meter min="0" max="100" value={percent.to_string()} aria-label={format!("Level: {label}")}></meter>
            </span>
        }
    };
    html! { <div class="meters">{ bar("You", levels.0) }{ bar("Customer", levels.1) }</div> }
}

/// Where a level stands on a bar from the floor to full scale.
fn percent(dbfs: f32) -> u8 {
    ((dbfs - FLOOR_DBFS) / -FLOOR_DBFS * 100.0).clamp(0.0, 100.0) as u8
}

#[derive(Properties, PartialEq)]
struct MicrophoneProps {
    /// The call has a microphone.
    granted: bool,
}

/// Which microphone; listed when the call has one, because names come with the permission only, and again whenever the
/// list is opened.
#[component]
fn MicrophoneChoice(props: &MicrophoneProps) -> Html {
    let desk = use_context::<DeskHandle>().expect("the desk gives its handle");
    let devices = use_state(Vec::<InputDevice>::new);
    {
        let devices = devices.setter();
        use_effect_with(props.granted, move |granted| {
            if *granted {
                list(devices);
            }
        });
    }
    let load = {
        let devices = devices.setter();
        Callback::from(move |_: FocusEvent| list(devices.clone()))
    };
    let chosen = desk.input().unwrap_or_default();
    let choose = Callback::from(move |event: Event| {
        let id = event.target_unchecked_into::<HtmlSelectElement>().value();
        desk.choose_input((!id.is_empty()).then_some(id));
    });
    let named = devices.iter().filter(|device| !device.id.is_empty() && device.id != "default");
    let is_here = devices.iter().any(|device| device.id == chosen);
    html! {
        <span class="microphone">
            <label class="visually-hidden" for="microphone">{ "Microphone" }</label>
            <select id="microphone" onfocus={load} onchange={choose} title="Microphone">
                <option value="" selected={!is_here}>{ "Default microphone" }</option>
                { for named.map(|device| html! {
                    <option value={device.id.clone()} selected={device.id == chosen}>{ &device.label }</option>
                }) }
            </select>
        </span>
    }
}

fn list(devices: UseStateSetter<Vec<InputDevice>>) {
    wasm_bindgen_futures::spawn_local(async move { devices.set(softphone::inputs().await) });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_fill_their_bar_between_floor_and_full_scale() {
        assert_eq!([-96.0, -60.0, -30.0, 0.0, 3.0].map(percent), [0, 0, 50, 100, 100]);
    }
}
