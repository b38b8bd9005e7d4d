//! The agent leads: points, highlights, draws, writes notes, and, when the customer allows it, acts in the page.
use std::rc::Rc;

use replica::{ReplicaView, Tool, ViewEvent};
use shared::{
    limits::PINNED_CHARS,
    refused,
    wire::lead::{Note, Power, Standing, Standings},
};
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::page::ViewHandle;
use crate::words;

/// What the toolbar shows. Pure.
#[derive(Clone, PartialEq, Eq, Default)]
pub(super) struct Lead {
    standings: Standings,
    pub(super) tool: Tool,
    /// The wheel scrolls the customer's page; otherwise the view follows the customer.
    pub(super) leads: bool,
    notes: Vec<Note>,
    /// The agent gave control back, or took the question back.
    gave_back: bool,
    hint: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Press {
    Tool(Tool),
    Leads(bool),
    GivesBack,
}

impl Lead {
    /// The agent may lead here at all.
    pub(super) fn may(&self) -> bool {
        self.standings.point != Standing::Never || self.standings.control != Standing::Never
    }

    /// The other side did something.
    pub(super) fn heard(&mut self, event: &ViewEvent) {
        match event {
            ViewEvent::Standings(standings) => self.stands(standings),
            ViewEvent::Acted { refused: Some(code), .. } => {
                if code == refused::CUSTOMER_FIRST && self.leads {
                    self.leads = false;
                    self.hint = words::FOLLOWS_NOW.into();
                } else {
                    self.hint = words::refused_deed(code).into();
                }
            }
            ViewEvent::Acted { refused: None, .. } => self.hint.clear(),
            ViewEvent::Notes(notes) => self.notes.clone_from(notes),
            ViewEvent::Pinned => {
                if self.tool == Tool::Note {
                    let controls = self.standings.control == Standing::Yes;
                    self.tool = if controls { Tool::Control } else { Tool::Look };
                }
                self.hint = words::PINNED.into();
            }
            ViewEvent::Sharing(false) | ViewEvent::Closed { .. } => *self = Self::default(),
            ViewEvent::Sharing(true)
            | ViewEvent::Connecting
            | ViewEvent::Connected
            | ViewEvent::Waiting { .. }
            | ViewEvent::Streaming(_)
            | ViewEvent::OtherTab(_)
            | ViewEvent::Page(_)
            | ViewEvent::Audience(_)
            | ViewEvent::Pushed { .. } => {}
        }
    }

    fn stands(&mut self, now: &Standings) {
        let before = std::mem::replace(&mut self.standings, now.clone());
        match (before.control, now.control) {
            (Standing::Yes, Standing::Yes) => {}
            (_, Standing::Yes) => {
                (self.tool, self.leads) = (Tool::Control, true);
                self.hint.clear();
            }
            (Standing::Yes, _) => {
                (self.tool, self.leads) = (Tool::Look, false);
                self.hint = if self.gave_back { words::GAVE_BACK } else { words::TOOK_BACK }.into();
            }
            (Standing::Asked, Standing::No) if !self.gave_back => self.hint = words::SAID_NO.into(),
            (_, Standing::Asked) => self.hint.clear(),
            _ => {}
        }
        if now.point != Standing::Yes && !matches!(self.tool, Tool::Look | Tool::Control) {
            self.tool = Tool::Look;
        }
        if before.point == Standing::Yes && now.point == Standing::No {
            self.hint = words::POINTING_STOPPED.into();
        }
        self.gave_back = false;
    }

    pub(super) fn pressed(&mut self, press: Press) {
        match press {
            Press::Tool(tool) => {
                self.tool = if self.tool == tool { Tool::Look } else { tool };
                self.hint.clear();
            }
            Press::Leads(yes) => self.leads = yes,
            Press::GivesBack => self.gave_back = true,
        }
    }

    /// What a screen reader says as well.
    fn words(&self) -> String {
        if !self.hint.is_empty() {
            return self.hint.clone();
        }
        match (&self.standings, self.leads) {
            (Standings { control: Standing::Yes, .. }, true) => words::LEADING.into(),
            (Standings { control: Standing::Yes, .. }, false) => words::CONTROLS.into(),
            (Standings { control: Standing::Asked, .. } | Standings { point: Standing::Asked, .. }, _) => {
                words::ASKED.into()
            }
            (Standings { led_by: Some(name), .. }, _) => format!("{name} is in control of the page."),
            _ => match self.tool {
                Tool::Look | Tool::Control => words::FOLLOWING.into(),
                Tool::Point => words::POINTING.into(),
                Tool::Highlight => words::HIGHLIGHTING.into(),
                Tool::Draw => words::DRAWING.into(),
                Tool::Note => words::PLACING.into(),
            },
        }
    }
}

#[derive(Properties, PartialEq)]
pub(super) struct LeadProps {
    pub(super) lead: Lead,
    pub(super) view: ViewHandle,
    pub(super) on_press: Callback<Press>,
}

/// The toolbar above the replica.
#[component]
pub(super) fn LeadBar(props: &LeadProps) -> Html {
    let Lead { standings, tool, leads, .. } = &props.lead;
    let writes = use_state(|| false);
    {
        let view = props.view.clone();
        use_effect_with((*tool, *leads), move |(tool, leads)| {
            view.with(|view| {
                view.choose(*tool);
                view.lead(*leads);
            });
        });
    }
    let tool_button = |which: Tool, label: &'static str, what: &'static str| {
        let press = props.on_press.reform(move |_: MouseEvent| Press::Tool(which));
        html! {
            <button type="button" title={what} aria-pressed={(*tool == which).to_string()}
                disabled={standings.point != Standing::Yes} onclick={press}>{ label }</button>
        }
    };
    let asks = |power: Power, label: &'static str| {
        let view = props.view.clone();
        let ask = Callback::from(move |_: MouseEvent| {
            view.with(|view| {
                view.ask(power);
            });
        });
        html! { <button key={label} type="button" onclick={ask}>{ label }</button> }
    };
    let gives_back = |power: Power, label: &'static str| {
        let (view, press) = (props.view.clone(), props.on_press.clone());
        let give_back = Callback::from(move |event: MouseEvent| {
            // The second half of a double click on the button that asked, and stood here.
            if event.detail() > 1 {
                return;
            }
            press.emit(Press::GivesBack);
            view.with(|view| {
                view.give_back(power);
            });
        });
        html! { <button key={label} type="button" onclick={give_back}>{ label }</button> }
    };
    let write = {
        let writes = writes.clone();
        Callback::from(move |_: MouseEvent| writes.set(!*writes))
    };
    let leading = props.on_press.reform({
        let leads = *leads;
        move |_: MouseEvent| Press::Leads(!leads)
    });
    html! {
        <div class="lead">
            <div class="lead-tools" role="toolbar" aria-label="On the customer's page">
                if standings.point != Standing::Never {
                    { tool_button(Tool::Point, "Point", "Your pointer is shown on the customer's page") }
                    { tool_button(Tool::Highlight, "Highlight", "Press an element: it is framed on the customer's page") }
                    { tool_button(Tool::Draw, "Draw", "What you draw fades after a moment") }
                    <button type="button" title="Write a note on the page" aria-expanded={writes.to_string()}
                        disabled={standings.point != Standing::Yes} onclick={write}>{ "Note" }</button>
                }
                { match standings.point {
                    Standing::No => asks(Power::Point, "Ask to point"),
                    Standing::Asked => gives_back(Power::Point, "Take the question back"),
                    Standing::Never | Standing::Yes => Html::default(),
                } }
                <span class="lead-gap"></span>
                { match standings.control {
                    Standing::Never => Html::default(),
                    Standing::No => asks(Power::Control, "Ask for control"),
                    Standing::Asked => gives_back(Power::Control, "Take the question back"),
                    Standing::Yes => html! {
                        <>
                            <button type="button" aria-pressed={(*tool == Tool::Control).to_string()}
                                title="Press, type and drag in the customer's page"
                                onclick={props.on_press.reform(|_: MouseEvent| Press::Tool(Tool::Control))}>{ "Control" }</button>
                            <button type="button" aria-pressed={leads.to_string()}
                                title="Your wheel scrolls the customer's page" onclick={leading}>{ "Lead" }</button>
                            { gives_back(Power::Control, "Stop control") }
                        </>
                    },
                } }
            </div>
            <p class={classes!("lead-state", (standings.control == Standing::Yes).then_some("live"))} role="status">
                { props.lead.words() }
            </p>
            if *writes && standings.point == Standing::Yes {
                <NoteForm view={props.view.clone()} on_press={props.on_press.clone()} />
            }
            <NoteList notes={props.lead.notes.clone()} view={props.view.clone()} />
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct FormProps {
    view: ViewHandle,
    on_press: Callback<Press>,
}

#[component]
fn NoteForm(props: &FormProps) -> Html {
    let input = use_node_ref();
    let write = |at_element: bool| {
        let (input, view, press) = (input.clone(), props.view.clone(), props.on_press.clone());
        move || {
            let Some(field) = input.cast::<HtmlInputElement>() else { return };
            let text = field.value().trim().to_owned();
            if text.is_empty() {
                return;
            }
            view.with(|view| view.note(&text, at_element));
            field.set_value("");
            if at_element {
                press.emit(Press::Tool(Tool::Note));
            }
        }
    };
    let (pin, put) = (write(true), write(false));
    let submit = Callback::from(move |event: SubmitEvent| {
        event.prevent_default();
        put();
    });
    html! {
        <form class="lead-note" onsubmit={submit}>
            <label class="visually-hidden" for="lead-note">{ "Note for the customer" }</label>
            <input id="lead-note" ref={input} maxlength={PINNED_CHARS.to_string()} placeholder="A short note that you both see" autocomplete="off" />
            <button type="button" onclick={Callback::from(move |_: MouseEvent| pin())}>{ "Pin to…" }</button>
            <button>{ "Put on the page" }</button>
        </form>
    }
}

#[derive(Properties, PartialEq)]
struct ListProps {
    notes: Vec<Note>,
    view: ViewHandle,
}

#[component]
fn NoteList(props: &ListProps) -> Html {
    if props.notes.is_empty() {
        return Html::default();
    }
    let note = |note: &Note| {
        let (view, number) = (props.view.clone(), note.note);
        let remove = Callback::from(move |_: MouseEvent| {
            view.with(|view| {
                view.remove_note(number);
            });
        });
        let where_ = if note.at.is_some() { "pinned" } else { "on the page" };
        html! {
            <li key={number}>
                <span>{ note.text.clone() }</span>
                <span class="quiet">{ format!("{}, {where_}", note.by) }</span>
                <button type="button" class="plain" aria-label={format!("Remove the note {}", note.text)} onclick={remove}>{ "×" }</button>
            </li>
        }
    };
    html! { <ul class="lead-notes" aria-label="Notes on the page">{ for props.notes.iter().map(note) }</ul> }
}

impl ViewHandle {
    fn with(&self, work: impl FnOnce(&ReplicaView)) {
        if let Some(view) = &*Rc::clone(&self.0).borrow() {
            work(view);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_is_told_how_control_came_and_how_it_went() {
        let mut lead = Lead::default();
        let control = |lead: &mut Lead, control| {
            lead.heard(&ViewEvent::Standings(Standings {
                point: Standing::Yes,
                control,
                ..Standings::default()
            }));
            lead.words()
        };
        assert_eq!(control(&mut lead, Standing::No), words::FOLLOWING);
        assert_eq!(control(&mut lead, Standing::Asked), words::ASKED);
        assert_eq!(control(&mut lead, Standing::No), words::SAID_NO);
        assert_eq!(control(&mut lead, Standing::Asked), words::ASKED);
        assert_eq!(control(&mut lead, Standing::Yes), words::LEADING);
        assert!(lead.tool == Tool::Control && lead.leads);
        let first = ViewEvent::Acted { act: 1, refused: Some(refused::CUSTOMER_FIRST.into()) };
        lead.heard(&first);
        assert!(!lead.leads && lead.words() == words::FOLLOWS_NOW);
        lead.heard(&ViewEvent::Pinned);
        assert_eq!(lead.tool, Tool::Control, "a note on the page takes no tool away");
        lead.pressed(Press::Tool(Tool::Note));
        lead.heard(&ViewEvent::Pinned);
        assert_eq!(lead.tool, Tool::Control, "nor does one at an element");
        assert_eq!(control(&mut lead, Standing::No), words::TOOK_BACK);
        assert_eq!(lead.tool, Tool::Look);
        control(&mut lead, Standing::Yes);
        lead.pressed(Press::GivesBack);
        assert_eq!(control(&mut lead, Standing::No), words::GAVE_BACK);
    }

    #[test]
    fn every_refusal_has_words_of_its_own() {
        let all: std::collections::BTreeSet<_> =
            refused::ALL.iter().map(|code| words::refused_deed(code)).collect();
        assert_eq!(all.len(), refused::ALL.len());
    }
}
