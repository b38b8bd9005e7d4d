//! Doing what an agent asks for, as the page would see it done by the customer.
use std::cell::RefCell;

use shared::{
    refused,
    wire::lead::{ActAsked, Deed, Key, Spot},
};
use wasm_bindgen::JsCast;
use web_sys::{
    DataTransfer, Element, HtmlElement, HtmlFormElement, HtmlInputElement, HtmlOptionElement,
    HtmlSelectElement, HtmlTextAreaElement, Node, ScrollBehavior, ScrollIntoViewOptions,
    ScrollLogicalPosition, ScrollToOptions,
};

use crate::{
    Reach,
    changes::Changes,
    customer::Customer,
    dom::{document, element_at, get, is_within, set_native, window},
    events::{self, At},
    slider::{range, slide, slide_to},
    touch::{self, Refused},
};

/// The page's own number.
const PAGE: u32 = 1;
/// What is typed into with the keyboard alone.
const NOT_TYPED: [&str; 9] =
    ["checkbox", "radio", "button", "submit", "reset", "image", "file", "hidden", "password"];

/// Something that is held down.
struct Grip {
    target: Element,
    began: At,
    at: At,
    data: Option<DataTransfer>,
}

#[derive(Default)]
pub(crate) struct Doer {
    grip: RefCell<Option<Grip>>,
    /// What was filled in last, and how it was named: an agent who types on does not look anew.
    field: RefCell<Option<(u32, u32, Element)>>,
}

/// All that a deed needs to know.
pub(crate) struct Around<'a> {
    pub(crate) reach: &'a Reach,
    /// In which the numbers of nodes are meant.
    pub(crate) epoch: u32,
    pub(crate) customer: &'a Customer,
    pub(crate) changes: Option<&'a Changes>,
    pub(crate) origins: &'a [String],
}

impl Around<'_> {
    /// The node that the agent saw under a number, whatever number it has by now. A page that was read anew once since
    /// then is the same page.
    fn node(&self, number: u32) -> Result<Node, Refused> {
        let age = self.reach.age(self.epoch).filter(|age| *age <= 1).ok_or(refused::STALE)?;
        self.reach.node(number, age).ok_or(refused::GONE)
    }
}

impl Doer {
    /// The grant was checked before. Everything else is checked here.
    pub(crate) fn act(&self, around: &Around<'_>, asked: &ActAsked) -> Result<(), Refused> {
        let fresh = |element: &Element| {
            let changed = around.changes.is_some_and(|known| known.since(element, asked.epoch, asked.seq));
            if changed { Err(refused::CHANGED) } else { Ok(()) }
        };
        match &asked.deed {
            Deed::Scroll { node, x, y } => scroll(around, *node, f64::from(*x), f64::from(*y)),
            Deed::Click { at } => {
                let element = self.element(around, at.node)?;
                fresh(&element)?;
                self.click(around, &element, *at)
            }
            Deed::Fill { node, text, done } => {
                let element = self.element(around, *node)?;
                fill(around, &element, text, *done)?;
                self.field.replace(Some((around.epoch, *node, element)));
                Ok(())
            }
            Deed::Choose { node, options } => choose(around, &self.element(around, *node)?, options),
            Deed::Press { node, key } => {
                let element = self.element(around, *node)?;
                fresh(&element)?;
                press(around, &element, *key)
            }
            Deed::Grab { at } => {
                let element = self.element(around, at.node)?;
                fresh(&element)?;
                self.grab(around, &element, *at)
            }
            Deed::Drag { at } => self.drag(around, *at),
            Deed::Drop { at } => self.let_go(around, *at),
        }
    }

    /// Whatever is held is let go of, as if it had never been taken.
    pub(crate) fn cancel(&self) {
        if let Some(grip) = self.grip.take() {
            events::cancel(&grip.target, grip.began);
            if let Some(data) = &grip.data {
                events::drag(&grip.target, "dragend", grip.at, data);
            }
        }
    }

    fn element(&self, around: &Around<'_>, node: u32) -> Result<Element, Refused> {
        let held = self.field.borrow().clone().filter(|held| (held.0, held.1) == (around.epoch, node));
        let node = held.map_or_else(|| around.node(node), |(_, _, field)| Ok(field.into()))?;
        let element = node.dyn_ref::<Element>().cloned().or_else(|| node.parent_element());
        let element = element.filter(|element| element.is_connected()).ok_or(refused::GONE)?;
        touch::check(around.reach, &element)?;
        Ok(element)
    }

    fn click(&self, around: &Around<'_>, element: &Element, spot: Spot) -> Result<(), Refused> {
        self.cancel();
        let (target, at) = aim(around, element, spot)?;
        touch::check_click(around.reach, around.origins, &target)?;
        if let Some(range) = range(&target) {
            return slide(&range, spot);
        }
        events::press(&target, at);
        events::release(&target, at);
        events::click(&target, at);
        Ok(())
    }

    fn grab(&self, around: &Around<'_>, element: &Element, spot: Spot) -> Result<(), Refused> {
        self.cancel();
        let (target, at) = aim(around, element, spot)?;
        if let Some(range) = range(&target) {
            slide(&range, spot)?;
            self.grip.replace(Some(Grip { target: range.into(), began: at, at, data: None }));
            return Ok(());
        }
        events::press(&target, at);
        let mut data = None;
        if crate::dom::closest(&target, "[draggable=true]").is_some() {
            data = DataTransfer::new().ok();
            if let Some(carried) = &data
                && !events::drag(&target, "dragstart", at, carried)
            {
                data = None;
            }
        }
        self.grip.replace(Some(Grip { target, began: at, at, data }));
        Ok(())
    }

    fn drag(&self, around: &Around<'_>, spot: Spot) -> Result<(), Refused> {
        let mut grip = self.grip.borrow_mut();
        // The customer took it, or it was never there.
        let grip = grip.as_mut().ok_or(refused::CUSTOMER_FIRST)?;
        grip.at = place(around, spot)?;
        if let Some(range) = range(&grip.target) {
            return slide_to(&range, grip.at);
        }
        let captured = grip.target.has_pointer_capture(1);
        let over = element_at(grip.at.x, grip.at.y).filter(|_| !captured);
        let over = over.unwrap_or_else(|| grip.target.clone());
        events::moves(&over, grip.at, true);
        if let Some(data) = &grip.data {
            for kind in ["dragenter", "dragover"] {
                events::drag(&over, kind, grip.at, data);
            }
        }
        Ok(())
    }

    fn let_go(&self, around: &Around<'_>, spot: Spot) -> Result<(), Refused> {
        let grip = self.grip.take().ok_or(refused::CUSTOMER_FIRST)?;
        let at = place(around, spot).unwrap_or(grip.at);
        if let Some(range) = range(&grip.target) {
            slide_to(&range, at)?;
            events::plain(&range, "change");
            return Ok(());
        }
        let captured = grip.target.has_pointer_capture(1);
        let over = element_at(at.x, at.y).filter(|_| !captured).unwrap_or_else(|| grip.target.clone());
        if let Some(data) = &grip.data {
            // A place that takes it says so by preventing.
            if !events::drag(&over, "dragover", at, data) {
                events::drag(&over, "drop", at, data);
            }
            events::drag(&grip.target, "dragend", at, data);
        } else {
            events::release(&over, at);
        }
        Ok(())
    }
}

/// Where a spot lies now.
fn place(around: &Around<'_>, spot: Spot) -> Result<At, Refused> {
    let node = around.node(spot.node)?;
    let element = node
        .dyn_ref::<Element>()
        .cloned()
        .or_else(|| node.parent_element())
        .or_else(|| document().document_element());
    Ok(inside(&element.ok_or(refused::GONE)?, spot))
}

pub(crate) fn inside(element: &Element, spot: Spot) -> At {
    let bounds = element.get_bounding_client_rect();
    let part = |of: f64, parts: u16| of * f64::from(parts.min(10_000)) / 10_000.0;
    let x = bounds.left() + part(bounds.width(), spot.x).min((bounds.width() - 0.5).max(0.0));
    let y = bounds.top() + part(bounds.height(), spot.y).min((bounds.height() - 0.5).max(0.0));
    At { x, y }
}

/// The innermost element at a spot, which must belong to the one that was meant. The page scrolls to it if need be.
fn aim(around: &Around<'_>, element: &Element, spot: Spot) -> Result<(Element, At), Refused> {
    if around.customer.presses() || around.customer.types() {
        return Err(refused::CUSTOMER_FIRST);
    }
    let mut at = inside(element, spot);
    let size =
        |value: Result<wasm_bindgen::JsValue, _>| value.ok().and_then(|size| size.as_f64()).unwrap_or(0.0);
    let (width, height) = (size(window().inner_width()), size(window().inner_height()));
    if at.x < 0.0 || at.y < 0.0 || at.x >= width || at.y >= height {
        if around.customer.scrolls() {
            return Err(refused::CUSTOMER_FIRST);
        }
        let options = ScrollIntoViewOptions::new();
        options.set_behavior(ScrollBehavior::Instant);
        options.set_block(ScrollLogicalPosition::Center);
        options.set_inline(ScrollLogicalPosition::Nearest);
        element.scroll_into_view_with_scroll_into_view_options(&options);
        at = inside(element, spot);
    }
    let target = element_at(at.x, at.y).ok_or(refused::COVERED)?;
    if !is_within(&target, element) {
        return Err(refused::COVERED);
    }
    // What lies there may be masked, though what was meant is not.
    touch::check(around.reach, &target)?;
    Ok((target, at))
}

fn scroll(around: &Around<'_>, node: u32, x: f64, y: f64) -> Result<(), Refused> {
    if around.customer.scrolls() {
        return Err(refused::CUSTOMER_FIRST);
    }
    let to = ScrollToOptions::new();
    to.set_left(x);
    to.set_top(y);
    to.set_behavior(ScrollBehavior::Instant);
    if node == PAGE {
        window().scroll_to_with_scroll_to_options(&to);
        return Ok(());
    }
    let element = around.node(node)?.dyn_into::<Element>().map_err(|_| refused::GONE)?;
    element.scroll_to_with_scroll_to_options(&to);
    Ok(())
}

fn fill(around: &Around<'_>, element: &Element, text: &str, done: bool) -> Result<(), Refused> {
    if around.customer.types() {
        return Err(refused::CUSTOMER_FIRST);
    }
    if touch::is_editable(element) {
        return fill_rich(element, text);
    }
    let typed = element.local_name() == "textarea"
        || element
            .dyn_ref::<HtmlInputElement>()
            .is_some_and(|input| !NOT_TYPED.contains(&input.type_().as_str()));
    if !typed || element.has_attribute("readonly") {
        return Err(refused::NOT_POSSIBLE);
    }
    events::focus(element);
    let most = match (element.dyn_ref::<HtmlInputElement>(), element.dyn_ref::<HtmlTextAreaElement>()) {
        (Some(input), _) => input.max_length(),
        (_, Some(area)) => area.max_length(),
        (None, None) => -1,
    };
    let text: String = match usize::try_from(most) {
        Ok(most) => text.chars().take(most).collect(),
        Err(_) => text.to_owned(),
    };
    if get(element, "value").as_string().as_deref() != Some(&text) {
        if !events::before_input(element, &text) {
            return Err(refused::NOT_POSSIBLE);
        }
        if !set_native(element, "value", &text.as_str().into()) {
            return Err(refused::NOT_POSSIBLE);
        }
        events::input(element, &text);
    }
    if done {
        events::plain(element, "change");
    }
    Ok(())
}

/// Editors hear what the browser's own command tells them.
fn fill_rich(element: &Element, text: &str) -> Result<(), Refused> {
    events::focus(element);
    let page = document();
    let run = |command: &str, value: &str| {
        let call =
            js_sys::Reflect::get(&page, &"execCommand".into()).ok()?.dyn_into::<js_sys::Function>().ok()?;
        call.call3(&page, &command.into(), &false.into(), &value.into()).ok()?.as_bool()
    };
    run("selectAll", "");
    let command = if text.is_empty() { "delete" } else { "insertText" };
    if run(command, text).unwrap_or(false) { Ok(()) } else { Err(refused::NOT_POSSIBLE) }
}

fn choose(around: &Around<'_>, element: &Element, options: &[u16]) -> Result<(), Refused> {
    if around.customer.types() || around.customer.presses() {
        return Err(refused::CUSTOMER_FIRST);
    }
    let select = element.dyn_ref::<HtmlSelectElement>().ok_or(refused::NOT_POSSIBLE)?;
    if !select.multiple() && options.len() != 1 {
        return Err(refused::NOT_POSSIBLE);
    }
    let list = select.options();
    let option = |index: u32| list.item(index).and_then(|option| option.dyn_into::<HtmlOptionElement>().ok());
    for index in options {
        let wanted = option(u32::from(*index)).ok_or(refused::GONE)?;
        if wanted.matches(":disabled").unwrap_or(true) {
            return Err(refused::NOT_POSSIBLE);
        }
    }
    events::focus(element);
    for index in 0..list.length() {
        if let Some(option) = option(index) {
            let chosen = options.iter().any(|wanted| u32::from(*wanted) == index);
            if option.selected() != chosen {
                set_native(&option, "selected", &chosen.into());
            }
        }
    }
    events::plain(element, "input");
    events::plain(element, "change");
    Ok(())
}

fn press(around: &Around<'_>, element: &Element, key: Key) -> Result<(), Refused> {
    if around.customer.types() {
        return Err(refused::CUSTOMER_FIRST);
    }
    let name = match key {
        Key::Enter => "Enter",
        Key::Escape => "Escape",
        Key::Up => "ArrowUp",
        Key::Down => "ArrowDown",
        Key::Left => "ArrowLeft",
        Key::Right => "ArrowRight",
    };
    let form = get(element, "form").dyn_into::<HtmlFormElement>().ok();
    let sends = key == Key::Enter && element.local_name() == "input";
    if let Some(form) = form.as_ref().filter(|_| sends) {
        touch::check_form(around.reach, around.origins, form, None)?;
    }
    events::focus(element);
    if events::key(element, name)
        && sends
        && let Some(form) = form
        && let Ok(Some(button)) =
            form.query_selector("button:not([type=button]):not([type=reset]),[type=submit],[type=image]")
    {
        // As browsers do: Enter presses the form's button.
        touch::check_click(around.reach, around.origins, &button)?;
        if let Some(button) = button.dyn_ref::<HtmlElement>() {
            button.click();
        }
    }
    Ok(())
}
