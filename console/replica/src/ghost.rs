//! A field of the console's own above a mirrored one: what is typed here is filled in there.
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use shared::{
    limits::FILL_CHARS,
    wire::lead::{Deed, Key},
};
use softphone::dom::{Listener, Timer};
use wasm_bindgen::JsCast;
use web_sys::{
    Element, Event, HtmlElement, HtmlInputElement, HtmlSelectElement, HtmlTextAreaElement, KeyboardEvent,
    Node,
};

use crate::replica::Hit;

/// Milliseconds after the last key until what was typed is filled in.
const TYPED_MS: u32 = 80;
/// What is typed into.
const TYPED: [&str; 10] =
    ["text", "email", "tel", "url", "search", "number", "date", "time", "month", "datetime-local"];

type Do = Rc<dyn Fn(Deed)>;

/// Taken away when it is dropped.
pub(crate) struct Ghost {
    node: u32,
    field: HtmlElement,
    filled: RefCell<String>,
    later: RefCell<Option<Timer>>,
    closed: Cell<bool>,
    act: Do,
    listeners: RefCell<Vec<Listener>>,
}

impl Ghost {
    /// None: what was pressed is no field that takes text or a choice.
    pub(crate) fn over(overlay: &HtmlElement, hit: &Hit, act: Do) -> Option<Rc<Self>> {
        let document = overlay.owner_document()?;
        let (there, node) = (field_of(&hit.element)?, hit.id_of_field?);
        let tag = there.local_name();
        let field: HtmlElement = document.create_element(tag_for(&tag)).ok()?.unchecked_into();
        field.set_class_name("replica-ghost");
        let _ = field.set_attribute("aria-label", "Type for the customer");
        match tag.as_str() {
            "select" => copy_options(there.unchecked_ref(), field.unchecked_ref())?,
            "input" => {
                let (from, to): (&HtmlInputElement, &HtmlInputElement) =
                    (there.unchecked_ref(), field.unchecked_ref());
                to.set_type(&from.type_());
                to.set_value(&from.value());
            }
            "textarea" => {
                let (from, to): (&HtmlTextAreaElement, &HtmlTextAreaElement) =
                    (there.unchecked_ref(), field.unchecked_ref());
                to.set_value(&from.value());
            }
            _ => {
                let to: &HtmlTextAreaElement = field.unchecked_ref();
                to.set_value(&there.text_content().unwrap_or_default());
            }
        }
        place(&field, hit, &there);
        overlay.append_child(&field).ok()?;
        let filled = RefCell::new(value_of(&field));
        let ghost = Rc::new(Self {
            node,
            field,
            filled,
            later: RefCell::default(),
            closed: Cell::new(false),
            act,
            listeners: RefCell::default(),
        });
        ghost.listen();
        let _ = ghost.field.focus();
        Some(ghost)
    }

    pub(crate) fn is_select(&self) -> bool {
        self.field.local_name() == "select"
    }

    /// The event is the field's own.
    pub(crate) fn holds(&self, event: &Event) -> bool {
        let target = event.target().map(JsCast::unchecked_into::<Node>);
        target.is_some_and(|target| self.field.contains(Some(&target)))
    }

    fn listen(self: &Rc<Self>) {
        let on = |kind: &'static str, heard: fn(&Rc<Self>, &Event)| {
            let weak = Rc::downgrade(self);
            Listener::new(&self.field, kind, move |event| {
                if let Some(ghost) = weak.upgrade() {
                    heard(&ghost, &event);
                }
            })
        };
        self.listeners.borrow_mut().extend([
            on("input", |ghost, _| ghost.typed()),
            on("change", |ghost, _| ghost.chosen()),
            on("blur", |ghost, _| ghost.close()),
            on("keydown", Self::key),
        ]);
    }

    fn typed(self: &Rc<Self>) {
        if self.is_select() {
            return;
        }
        let weak = Rc::downgrade(self);
        self.later.replace(Some(Timer::new(TYPED_MS, move || {
            if let Some(ghost) = weak.upgrade() {
                ghost.fill(false);
            }
        })));
    }

    fn fill(&self, done: bool) {
        let text: String = value_of(&self.field).chars().take(FILL_CHARS).collect();
        if *self.filled.borrow() != text || done {
            self.filled.replace(text.clone());
            (self.act)(Deed::Fill { node: self.node, text, done });
        }
    }

    fn chosen(&self) {
        if self.is_select() {
            let select: &HtmlSelectElement = self.field.unchecked_ref();
            let options = select.options();
            let chosen = (0..options.length()).filter(|index| {
                let option = options.item(*index).map(JsCast::unchecked_into::<web_sys::HtmlOptionElement>);
                option.is_some_and(|option| option.selected())
            });
            let options = chosen.filter_map(|index| u16::try_from(index).ok()).collect();
            (self.act)(Deed::Choose { node: self.node, options });
            self.closed.set(true);
            self.field.remove();
        }
    }

    fn key(self: &Rc<Self>, event: &Event) {
        // The console's own keys mean nothing while one types.
        event.stop_propagation();
        let event: &KeyboardEvent = event.unchecked_ref();
        match event.key().as_str() {
            "Escape" => self.close(),
            "Enter" if self.field.local_name() == "input" => {
                self.close();
                (self.act)(Deed::Press { node: self.node, key: Key::Enter });
            }
            _ => {}
        }
    }

    fn close(&self) {
        if self.closed.replace(true) {
            return;
        }
        self.later.take();
        if !self.is_select() && *self.filled.borrow() != value_of(&self.field) {
            self.fill(false);
        }
        if !self.is_select() {
            self.fill(true);
        }
        self.field.remove();
    }
}

impl Drop for Ghost {
    fn drop(&mut self) {
        self.closed.set(true);
        self.field.remove();
    }
}

/// The field that a press on this element means.
pub(crate) fn field_of(element: &Element) -> Option<Element> {
    let field = element.closest("input,textarea,select,[contenteditable]").ok()??;
    let editable =
        |field: &Element| field.get_attribute("contenteditable").is_some_and(|value| value != "false");
    let types = |field: &Element| {
        let input: &HtmlInputElement = field.unchecked_ref();
        TYPED.contains(&input.type_().as_str())
    };
    let takes = match field.local_name().as_str() {
        "input" => types(&field),
        "textarea" | "select" => true,
        _ => editable(&field),
    };
    takes.then_some(field)
}

fn tag_for(tag: &str) -> &str {
    if matches!(tag, "input" | "select") { tag } else { "textarea" }
}

fn value_of(field: &HtmlElement) -> String {
    js_sys::Reflect::get(field, &"value".into()).ok().and_then(|value| value.as_string()).unwrap_or_default()
}

fn copy_options(from: &HtmlSelectElement, to: &HtmlSelectElement) -> Option<()> {
    to.set_multiple(from.multiple());
    let document = to.owner_document()?;
    let options = from.options();
    for index in 0..options.length() {
        let option: web_sys::HtmlOptionElement = options.item(index)?.unchecked_into();
        let copy: web_sys::HtmlOptionElement = document.create_element("option").ok()?.unchecked_into();
        copy.set_text(&option.text());
        copy.set_selected(option.selected());
        copy.set_disabled(option.disabled());
        to.append_child(&copy).ok()?;
    }
    Some(())
}

fn place(field: &HtmlElement, hit: &Hit, there: &Element) {
    let bounds = hit.on_overlay(there);
    let style = field.style();
    for (name, value) in [
        ("left", format!("{:.1}px", bounds.left)),
        ("top", format!("{:.1}px", bounds.top)),
        ("width", format!("{:.1}px", bounds.width.max(120.0))),
        ("height", format!("{:.1}px", bounds.height.max(28.0))),
    ] {
        // The names are properties of CSS, so there is nothing that could fail.
        let _ = style.set_property(name, &value);
    }
}
