//! Keys, and the command palette on Ctrl-K. Every command says its key.
use gloo::events::{EventListener, EventListenerOptions};
use shared::contact::{Phase, Presence};
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, HtmlInputElement, KeyboardEvent};
use yew::prelude::*;

use super::{DeskHandle, DeskState, Middle};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Command {
    Ready,
    Away,
    Accept,
    Decline,
    Mute,
    Hold,
    HangUp,
    Live,
    Watch,
    History,
    SignOut,
}

impl Command {
    const ALL: [Self; 11] = [
        Self::Ready,
        Self::Away,
        Self::Accept,
        Self::Decline,
        Self::Mute,
        Self::Hold,
        Self::HangUp,
        Self::Live,
        Self::Watch,
        Self::History,
        Self::SignOut,
    ];

    fn label(self, state: &DeskState) -> &'static str {
        let held = state.call().is_some_and(|call| call.phase == Phase::OnHold);
        match self {
            Self::Ready => "Go ready",
            Self::Away => "Go away",
            Self::Accept => "Accept the call",
            Self::Decline => "Decline the call",
            Self::Mute if state.voice.muted() => "Unmute",
            Self::Mute => "Mute",
            Self::Hold if held => "Resume the call",
            Self::Hold => "Hold the call",
            Self::HangUp => "Hang up",
            Self::Live => "Show the live page",
            Self::Watch => "Watch a page, or join one by code",
            Self::History => "Show the history",
            Self::SignOut => "Sign out",
        }
    }

    fn key(self) -> &'static str {
        match self {
            Self::Ready => "R",
            Self::Away | Self::SignOut => "",
            Self::Accept => "Enter",
            Self::Decline => "Esc",
            Self::Mute => "M",
            Self::Hold => "H",
            Self::HangUp => "Ctrl+Shift+H",
            Self::Live => "1",
            Self::History => "2",
            Self::Watch => "3",
        }
    }

    /// It makes sense now.
    fn applies(self, state: &DeskState) -> bool {
        match self {
            Self::Ready => state.presence() == Presence::Away,
            Self::Away => state.presence() == Presence::Ready,
            Self::Accept | Self::Decline => state.offer().is_some(),
            Self::Mute | Self::HangUp => state.call().is_some(),
            Self::Hold => state.call().is_some_and(|call| call.bridged_at.is_some()),
            Self::Live | Self::Watch | Self::History | Self::SignOut => true,
        }
    }

    /// The command of a pressed key, if any. Letters count only outside of fields.
    fn of_key(key: &str, ctrl: bool, shift: bool, typing: bool) -> Option<Self> {
        match (key, ctrl, shift, typing) {
            ("H" | "h", true, true, _) => Some(Self::HangUp),
            ("Escape", false, _, _) => Some(Self::Decline),
            ("Enter", false, _, false) => Some(Self::Accept),
            ("r" | "R", false, _, false) => Some(Self::Ready),
            ("m" | "M", false, _, false) => Some(Self::Mute),
            ("h", false, _, false) => Some(Self::Hold),
            ("1", false, _, false) => Some(Self::Live),
            ("2", false, _, false) => Some(Self::History),
            ("3", false, _, false) => Some(Self::Watch),
            _ => None,
        }
    }
}

#[derive(Properties, PartialEq)]
pub(crate) struct PaletteProps {
    pub(crate) state: DeskState,
    pub(crate) on_middle: Callback<Middle>,
    pub(crate) on_sign_out: Callback<()>,
}

#[component]
pub(crate) fn Palette(props: &PaletteProps) -> Html {
    let desk = use_context::<DeskHandle>().expect("the desk gives its handle");
    let open = use_state(|| false);
    let run = {
        let (state, on_middle, on_sign_out) =
            (props.state.clone(), props.on_middle.clone(), props.on_sign_out.clone());
        Callback::from(move |command: Command| perform(command, &state, &desk, &on_middle, &on_sign_out))
    };
    {
        let (open, run, state) = (open.clone(), run.clone(), props.state.clone());
        use_effect(move || {
            let document = web_sys::window().and_then(|window| window.document());
            let options = EventListenerOptions::enable_prevent_default();
            let listener = document.map(|page| {
                EventListener::new_with_options(&page, "keydown", options, move |event| {
                    let Some(event) = event.dyn_ref::<KeyboardEvent>() else { return };
                    key_pressed(event, &state, &run, &open);
                })
            });
            move || drop(listener)
        });
    }
    if !*open {
        return Html::default();
    }
    let close = {
        let open = open.setter();
        Callback::from(move |()| open.set(false))
    };
    html! { <PaletteBox state={props.state.clone()} {run} {close} /> }
}

fn key_pressed(
    event: &KeyboardEvent,
    state: &DeskState,
    run: &Callback<Command>,
    open: &UseStateHandle<bool>,
) {
    let ctrl = event.ctrl_key() || event.meta_key();
    if ctrl && event.key().eq_ignore_ascii_case("k") {
        event.prevent_default();
        open.set(!**open);
        return;
    }
    if **open {
        return;
    }
    let target = event.target().and_then(|target| target.dyn_into::<HtmlElement>().ok());
    let tag = target.as_ref().map(|element| element.tag_name()).unwrap_or_default();
    let typing = matches!(tag.as_str(), "INPUT" | "TEXTAREA" | "SELECT");
    // Enter on a focused button is that button's own.
    if event.key() == "Enter" && tag == "BUTTON" {
        return;
    }
    if let Some(command) = Command::of_key(&event.key(), ctrl, event.shift_key(), typing)
        && command.applies(state)
    {
        event.prevent_default();
        run.emit(command);
    }
}

fn perform(
    command: Command,
    state: &DeskState,
    desk: &DeskHandle,
    on_middle: &Callback<Middle>,
    on_sign_out: &Callback<()>,
) {
    let contact = state.contact.as_ref().map(|contact| contact.contact);
    match (command, contact) {
        (Command::Ready, _) => desk.ready(),
        (Command::Away, _) => {
            let reasons =
                state.welcome.as_ref().map(|welcome| welcome.away_reasons.clone()).unwrap_or_default();
            desk.away(reasons.first().map_or("Away", String::as_str));
        }
        (Command::Accept, Some(contact)) => desk.accept(contact),
        (Command::Decline, Some(contact)) => desk.decline(contact),
        (Command::Mute, _) => desk.mute(!state.voice.muted()),
        (Command::Hold, Some(contact)) => {
            desk.hold(contact, state.call().is_some_and(|call| call.phase != Phase::OnHold));
        }
        (Command::HangUp, Some(contact)) => desk.hang_up(contact),
        (Command::Live, _) => on_middle.emit(Middle::Live),
        (Command::Watch, _) => on_middle.emit(Middle::Watch),
        (Command::History, _) => on_middle.emit(Middle::History),
        (Command::SignOut, _) => on_sign_out.emit(()),
        (Command::Accept | Command::Decline | Command::Hold | Command::HangUp, None) => {}
    }
}

#[derive(Properties, PartialEq)]
struct BoxProps {
    state: DeskState,
    run: Callback<Command>,
    close: Callback<()>,
}

#[component]
fn PaletteBox(props: &BoxProps) -> Html {
    let search = use_state(String::new);
    let chosen = use_state(|| 0_usize);
    let input = use_node_ref();
    {
        let input = input.clone();
        use_effect_with((), move |()| {
            if let Some(input) = input.cast::<HtmlElement>() {
                let _ = input.focus();
            }
        });
    }
    let wanted = search.to_lowercase();
    let fits = |command: &Command| {
        command.applies(&props.state) && command.label(&props.state).to_lowercase().contains(&wanted)
    };
    let commands: Vec<Command> = Command::ALL.into_iter().filter(fits).collect();
    let current = (*chosen).min(commands.len().saturating_sub(1));
    let pick = {
        let (run, close) = (props.run.clone(), props.close.clone());
        Callback::from(move |command| {
            close.emit(());
            run.emit(command);
        })
    };
    let on_key = {
        let (close, chosen, pick, commands) =
            (props.close.clone(), chosen.clone(), pick.clone(), commands.clone());
        Callback::from(move |event: KeyboardEvent| match event.key().as_str() {
            "Escape" => close.emit(()),
            "ArrowDown" => chosen.set((current + 1).min(commands.len().saturating_sub(1))),
            "ArrowUp" => chosen.set(current.saturating_sub(1)),
            "Enter" => {
                event.prevent_default();
                if let Some(command) = commands.get(current) {
                    pick.emit(*command);
                }
            }
            _ => {}
        })
    };
    let typed =
        move |event: InputEvent| search.set(event.target_unchecked_into::<HtmlInputElement>().value());
    html! {
        <div class="palette-veil" onclick={props.close.reform(|_: MouseEvent| ())}>
            <div class="palette" role="dialog" aria-label="Commands" onclick={|event: MouseEvent| event.stop_propagation()}>
                <input ref={input} role="combobox" aria-expanded="true" aria-controls="commands" aria-label="Command"
                    aria-activedescendant={format!("command-{current}")} placeholder="What do you want to do?"
                    oninput={typed} onkeydown={on_key} />
                <ul id="commands" role="listbox" aria-label="Commands">
                    { for commands.iter().enumerate().map(|(index, command)| {
                        let (pick, command) = (pick.clone(), *command);
                        html! {
                            <li id={format!("command-{index}")} role="option" aria-selected={(index == current).to_string()}
                                onclick={move |_| pick.emit(command)}>
                                { command.label(&props.state) }
                                if !command.key().is_empty() { <kbd>{ command.key() }</kbd> }
                            </li>
                        }
                    }) }
                </ul>
                if commands.is_empty() { <p class="empty">{ "No command has that name." }</p> }
            </div>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_typed_into_a_field_are_no_commands() {
        assert!(Command::of_key("m", false, false, false) == Some(Command::Mute));
        assert!(Command::of_key("m", false, false, true).is_none());
        assert!(Command::of_key("H", true, true, true) == Some(Command::HangUp));
    }

    #[test]
    fn without_a_call_there_is_nothing_to_hang_up() {
        assert!(!Command::HangUp.applies(&DeskState::default()));
    }
}
