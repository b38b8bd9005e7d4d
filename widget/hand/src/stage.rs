//! What is drawn above the page: one element that the mirror leaves out, with everything in its closed shadow root.
use std::{cell::RefCell, rc::Rc};

use js_sys::{Array, Date, Function, Reflect};
use shared::wire::lead::{Mark, Note, Spot};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CssStyleSheet, Element, HtmlElement, ShadowRoot, ShadowRootInit, ShadowRootMode};

use crate::{
    Reach,
    deed::inside,
    dom::{Listener, attribute, document, make, style, tenths},
    state::Ask,
    words,
};

const SHEET: &str = include_str!("hand.css");
const SVG: &str = "http://www.w3.org/2000/svg";
/// A pointer that rests goes after this many milliseconds; a highlight, and a stroke.
const LASER_MS: f64 = 4_000.0;
const MARK_MS: f64 = 8_000.0;
const INK_MS: f64 = 4_000.0;
/// Strokes that are shown at once.
const STROKES: usize = 64;

/// What the customer chose on one of the buttons, with its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choice {
    Allow(u32),
    Refuse(u32),
    StopControl,
    StopPointing,
    RemoveNote(u32),
    /// What is hidden was looked at.
    HiddenSeen,
}

/// Something that stays at an element of the page while it is shown.
struct Shown {
    what: What,
    by: String,
    element: HtmlElement,
    anchor: Element,
    until: f64,
}

enum What {
    Laser(Spot),
    Highlight,
    Ink {
        stroke: u32,
        points: Vec<(i16, i16)>,
        line: Element,
    },
    /// A pinned note.
    Note(Spot),
}

/// The question that is asked, who has control, who points.
type Panel = (Option<u32>, Option<String>, Option<String>);

pub(crate) struct Stage {
    host: HtmlElement,
    all: HtmlElement,
    marks: HtmlElement,
    notes: HtmlElement,
    panel: HtmlElement,
    said: HtmlElement,
    shown: RefCell<Vec<Shown>>,
    panel_is: RefCell<Panel>,
    _clicks: Listener,
}

impl Stage {
    pub(crate) fn new(chosen: impl Fn(Choice) + 'static) -> Result<Rc<Self>, JsValue> {
        let host = make("ringside-hand", "", "");
        attribute(&host, "data-ringside", "hand");
        let root = host.attach_shadow(&ShadowRootInit::new(ShadowRootMode::Closed))?;
        adopt(&root)?;
        let all = make("div", "all", "");
        let [marks, notes, panel, said] = ["", "notes", "", "said"].map(|class| make("div", class, ""));
        attribute(&said, "role", "status");
        attribute(&said, "aria-live", "polite");
        for part in [&marks, &notes, &panel, &said] {
            all.append_child(part)?;
        }
        attribute(&marks, "aria-hidden", "true");
        root.append_child(&all)?;
        // The page must not hear of what is pressed here.
        let clicks = Listener::new(&all, "click", move |event| {
            let button = event.target().and_then(|target| target.dyn_into::<Element>().ok());
            let button = button.and_then(|target| target.closest("[data-do]").ok().flatten());
            if let Some(choice) = button.filter(|_| event.is_trusted()).and_then(|button| choice_of(&button))
            {
                event.stop_propagation();
                chosen(choice);
            }
        });
        let stage = Self {
            host,
            all,
            marks,
            notes,
            panel,
            said,
            shown: RefCell::default(),
            panel_is: RefCell::default(),
            _clicks: clicks,
        };
        stage.put_on_top();
        Ok(Rc::new(stage))
    }

    /// Above whatever the page has; in a modal dialog, since nothing else can be reached then.
    pub(crate) fn put_on_top(&self) {
        let page = document();
        let modals = page.query_selector_all("dialog:modal").ok();
        let modal = modals.and_then(|modals| modals.item(modals.length().checked_sub(1)?));
        let Some(place) = modal.or_else(|| page.document_element().map(Into::into)) else { return };
        let is_there = self.host.parent_node().is_some_and(|parent| parent == place);
        if !is_there {
            let _ = place.append_child(&self.host);
        }
        let call = |name: &str| {
            let function = Reflect::get(&self.host, &name.into()).ok()?.dyn_into::<Function>().ok()?;
            function.call0(&self.host).ok()
        };
        // Browsers without popovers have the greatest z-index.
        if !is_there || !self.host.has_attribute("popover") {
            attribute(&self.host, "popover", "manual");
            call("showPopover");
        }
    }

    pub(crate) fn remove(&self) {
        self.host.remove();
    }

    /// Another part of what is drawn.
    pub(crate) fn add(&self, part: &HtmlElement) {
        let _ = self.all.append_child(part);
    }

    /// What a screen reader says.
    pub(crate) fn say(&self, text: &str) {
        self.said.set_text_content(Some(text));
    }

    /// The question, or who has what.
    pub(crate) fn show_panel(&self, ask: Option<&Ask>, controls: Option<&str>, points: Option<&str>) {
        let now: Panel = (ask.map(|ask| ask.number), controls.map(str::to_owned), points.map(str::to_owned));
        if *self.panel_is.borrow() == now {
            return;
        }
        self.panel_is.replace(now);
        self.panel.set_text_content(None);
        if let Some(ask) = ask {
            self.show_ask(ask);
        } else if let Some((text, label, stop, class)) = controls
            .map(|by| (words::controls(by), words::STOP_CONTROL, "stop", "bar"))
            .or_else(|| points.map(|by| (words::points(by), words::STOP_POINTING, "unpoint", "bar points")))
        {
            let bar = make("div", class, "");
            let hint = (class == "bar").then(|| make("i", "", words::ESCAPE));
            let stop = button(label, stop, 0);
            for part in [Some(make("b", "", &text)), hint, Some(stop)].into_iter().flatten() {
                let _ = bar.append_child(&part);
            }
            let _ = self.panel.append_child(&bar);
            if class == "bar" {
                self.say(&format!("{text} {label}. {}", words::ESCAPE));
            }
        }
    }

    fn show_ask(&self, ask: &Ask) {
        let card = make("div", "ask", "");
        for (name, value) in [("role", "alertdialog"), ("aria-labelledby", "ask"), ("tabindex", "-1")] {
            attribute(&card, name, value);
        }
        let text = make("p", "", &ask.text);
        text.set_id("ask");
        let buttons = make("div", "", "");
        for (word, what) in [(words::REFUSE, "refuse"), (words::ALLOW, "allow")] {
            let _ = buttons.append_child(&button(word, what, ask.number));
        }
        let _ = card.append_child(&text);
        let _ = card.append_child(&buttons);
        let _ = self.panel.append_child(&card);
        self.say(&ask.text);
        // Whoever types goes on typing; everybody else is taken to the question.
        let typing = document()
            .active_element()
            .is_some_and(|focus| crate::touch::is_field(&focus) || crate::touch::is_editable(&focus));
        if !typing {
            let _ = card.focus();
        }
    }

    /// Shows what an agent points at. False: nothing to keep in place.
    pub(crate) fn show_mark(&self, reach: &Reach, by: &str, mark: Mark) {
        match mark {
            Mark::Gone => self.shown.borrow_mut().retain(|shown| {
                let stays = shown.by != by || matches!(shown.what, What::Note(_) | What::Ink { .. });
                if !stays {
                    shown.element.remove();
                }
                stays
            }),
            Mark::Laser(spot) => self.replace(reach, by, spot, What::Laser(spot), LASER_MS),
            Mark::Highlight(spot) => self.replace(reach, by, spot, What::Highlight, MARK_MS),
            Mark::Ink { anchor, stroke, points } => self.ink(reach, by, anchor, stroke, points),
        }
        self.keep_in_place();
    }

    /// One pointer and one highlight an agent.
    fn replace(&self, reach: &Reach, by: &str, spot: Spot, what: What, lasts: f64) {
        let Some(anchor) = anchor(reach, spot.node) else { return };
        let until = Date::now() + lasts;
        let mut shown = self.shown.borrow_mut();
        let same = |shown: &&mut Shown| {
            shown.by == by && std::mem::discriminant(&shown.what) == std::mem::discriminant(&what)
        };
        if let Some(before) = shown.iter_mut().find(same) {
            (before.what, before.anchor, before.until) = (what, anchor, until);
            return;
        }
        let class = if matches!(what, What::Laser(_)) { "laser" } else { "mark" };
        let element = make("div", class, "");
        let _ = element.append_child(&make("span", "", by));
        let _ = self.marks.append_child(&element);
        shown.push(Shown { what, by: by.to_owned(), element, anchor, until });
    }

    fn ink(&self, reach: &Reach, by: &str, node: u32, stroke: u32, points: Vec<(i16, i16)>) {
        let mut shown = self.shown.borrow_mut();
        let until = Date::now() + INK_MS;
        for before in shown.iter_mut().filter(|shown| shown.by == by) {
            if let What::Ink { stroke: of, points: line, .. } = &mut before.what
                && *of == stroke
            {
                line.extend(points);
                before.until = until;
                return;
            }
        }
        let Some(anchor) = anchor(reach, node) else { return };
        let strokes = shown.iter().filter(|shown| matches!(shown.what, What::Ink { .. })).count();
        let make_svg = |tag: &str| document().create_element_ns(Some(SVG), tag);
        let (Ok(svg), Ok(line), true) = (make_svg("svg"), make_svg("polyline"), strokes < STROKES) else {
            return;
        };
        let _ = svg.append_child(&line);
        let _ = self.marks.append_child(&svg);
        let what = What::Ink { stroke, points, line };
        shown.push(Shown { what, by: by.to_owned(), element: svg.unchecked_into(), anchor, until });
    }

    /// All notes there are. Those that are pinned to what is not here stand with those of the page.
    pub(crate) fn show_notes(&self, reach: &Reach, notes: &[Note]) {
        self.notes.set_text_content(None);
        self.shown.borrow_mut().retain(|shown| {
            let stays = !matches!(shown.what, What::Note(_));
            if !stays {
                shown.element.remove();
            }
            stays
        });
        let epoch = reach.position().map(|(epoch, _)| epoch);
        for note in notes {
            let by = words::note_by(&note.by);
            let card = make("div", "note", "");
            attribute(&card, "role", "note");
            let close = button("×", "unpin", note.note);
            attribute(&close, "aria-label", words::CLOSE_NOTE);
            for part in [make("b", "", &by), make("span", "", &note.text), close] {
                let _ = card.append_child(&part);
            }
            let pin = note.at.filter(|_| Some(note.epoch) == epoch);
            match pin.and_then(|spot| Some((spot, anchor(reach, spot.node)?))) {
                Some((spot, anchor)) => {
                    card.set_class_name("note pinned");
                    let _ = self.all.append_child(&card);
                    let (what, by) = (What::Note(spot), note.by.clone());
                    let until = f64::INFINITY;
                    self.shown.borrow_mut().push(Shown { what, by, element: card, anchor, until });
                }
                None => drop(self.notes.append_child(&card)),
            }
        }
        if let Some(last) = notes.last() {
            self.say(&format!("{}: {}", words::note_by(&last.by), last.text));
        }
        self.keep_in_place();
    }

    pub(crate) fn forget_marks(&self) {
        self.shown.borrow_mut().retain(|shown| {
            let stays = matches!(shown.what, What::Note(_));
            if !stays {
                shown.element.remove();
            }
            stays
        });
    }

    /// Who points at something now.
    pub(crate) fn pointer(&self) -> Option<String> {
        let shown = self.shown.borrow();
        shown.iter().find(|shown| !matches!(shown.what, What::Note(_))).map(|shown| shown.by.clone())
    }

    /// Moves everything to where its element is now. False: nothing is shown.
    pub(crate) fn keep_in_place(&self) -> bool {
        let now = Date::now();
        let mut shown = self.shown.borrow_mut();
        shown.retain(|shown| {
            let stays = shown.until > now && shown.anchor.is_connected();
            if !stays {
                shown.element.remove();
            }
            stays
        });
        shown.iter().for_each(place);
        !shown.is_empty()
    }
}

fn place(shown: &Shown) {
    let element = &shown.element;
    let bounds = shown.anchor.get_bounding_client_rect();
    let put = |x: f64, y: f64| {
        style(element, "transform", &["translate(", &tenths(x), "px,", &tenths(y), "px)"].concat())
    };
    match &shown.what {
        What::Laser(spot) => {
            let at = inside(&shown.anchor, *spot);
            put(at.x, at.y);
        }
        What::Highlight => {
            put(bounds.left() - 6.0, bounds.top() - 6.0);
            style(element, "width", &(tenths(bounds.width() + 12.0) + "px"));
            style(element, "height", &(tenths(bounds.height() + 12.0) + "px"));
            element.set_class_name(if bounds.top() < 44.0 { "mark top" } else { "mark" });
        }
        What::Ink { points, line, .. } => {
            let path: Vec<String> = points
                .iter()
                .map(|(x, y)| {
                    [tenths(bounds.left() + f64::from(*x)), tenths(bounds.top() + f64::from(*y))].join(",")
                })
                .collect();
            attribute(line, "points", &path.join(" "));
        }
        What::Note(spot) => {
            let at = inside(&shown.anchor, *spot);
            let room = document().document_element().map_or(0.0, |page| f64::from(page.client_width()));
            put(at.x.min(room - f64::from(element.offset_width()) - 8.0).max(8.0), at.y + 12.0);
        }
    }
}

fn anchor(reach: &Reach, node: u32) -> Option<Element> {
    let node = reach.node(node, 0)?;
    let element = node.dyn_ref::<Element>().cloned().or_else(|| node.parent_element());
    element.or_else(|| document().document_element())
}

pub(crate) fn button(word: &str, what: &str, number: u32) -> HtmlElement {
    let button = make("button", "", word);
    attribute(&button, "type", "button");
    attribute(&button, "data-do", what);
    attribute(&button, "data-number", &number.to_string());
    button
}

fn choice_of(button: &Element) -> Option<Choice> {
    let number = button.get_attribute("data-number")?.parse().ok()?;
    Some(match button.get_attribute("data-do")?.as_str() {
        "allow" => Choice::Allow(number),
        "refuse" => Choice::Refuse(number),
        "stop" => Choice::StopControl,
        "unpoint" => Choice::StopPointing,
        "unpin" => Choice::RemoveNote(number),
        "unveil" => Choice::HiddenSeen,
        _ => return None,
    })
}

/// Without asking the page's style-src.
fn adopt(root: &ShadowRoot) -> Result<(), JsValue> {
    let sheet = CssStyleSheet::new()?;
    sheet.replace_sync(SHEET)?;
    Reflect::set(root, &"adoptedStyleSheets".into(), &Array::of1(&sheet)).map(drop)
}
