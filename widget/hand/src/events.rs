//! The events that a browser would send, in its order, made by hand.
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{
    DataTransfer, DragEvent, DragEventInit, Element, Event, EventInit, FocusOptions, HtmlElement, InputEvent,
    InputEventInit, KeyboardEvent, KeyboardEventInit, MouseEvent, MouseEventInit, PointerEvent,
    PointerEventInit,
};

use crate::dom::closest;

const FOCUSABLE: &str = "a[href],area[href],button,input,select,textarea,summary,[tabindex],[contenteditable],[contenteditable=true]";
/// The mouse's: pages may capture it, which they may not with one that no pointer has.
const MOUSE: i32 = 1;

/// A place in the viewport, CSS pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct At {
    pub(crate) x: f64,
    pub(crate) y: f64,
}

/// False: the page prevented what would follow.
fn send(target: &Element, event: &Event) -> bool {
    target.dispatch_event(event).unwrap_or(true)
}

fn mouse_init(at: At, down: bool) -> MouseEventInit {
    let init = MouseEventInit::new();
    init.set_bubbles(true);
    init.set_cancelable(true);
    init.set_composed(true);
    init.set_view(web_sys::window().as_ref());
    init.set_detail(1);
    init.set_client_x(at.x as i32);
    init.set_client_y(at.y as i32);
    init.set_buttons(u16::from(down));
    init
}

fn mouse(target: &Element, kind: &str, at: At, down: bool) -> bool {
    MouseEvent::new_with_mouse_event_init_dict(kind, &mouse_init(at, down))
        .map_or(true, |event| send(target, &event))
}

fn pointer(target: &Element, kind: &str, at: At, down: bool) -> bool {
    let init: PointerEventInit = mouse_init(at, down).unchecked_into();
    init.set_pointer_id(MOUSE);
    init.set_pointer_type("mouse");
    init.set_is_primary(true);
    init.set_pressure(if down { 0.5 } else { 0.0 });
    PointerEvent::new_with_event_init_dict(kind, &init).map_or(true, |event| send(target, &event))
}

pub(crate) fn moves(target: &Element, at: At, down: bool) {
    pointer(target, "pointermove", at, down);
    mouse(target, "mousemove", at, down);
}

/// A press; what can take the focus takes it, unless the page prevents that.
pub(crate) fn press(target: &Element, at: At) {
    for kind in ["pointerover", "pointerenter", "pointermove"] {
        pointer(target, kind, at, false);
    }
    for kind in ["mouseover", "mouseenter", "mousemove"] {
        mouse(target, kind, at, false);
    }
    pointer(target, "pointerdown", at, true);
    if mouse(target, "mousedown", at, true)
        && let Some(field) = closest(target, FOCUSABLE)
    {
        focus(&field);
    }
}

pub(crate) fn release(target: &Element, at: At) {
    pointer(target, "pointerup", at, false);
    mouse(target, "mouseup", at, false);
}

/// Runs what the element does when clicked: follows, toggles, sends, opens.
pub(crate) fn click(target: &Element, at: At) {
    mouse(target, "click", at, false);
}

/// The press came to nothing.
pub(crate) fn cancel(target: &Element, at: At) {
    pointer(target, "pointercancel", at, false);
    mouse(target, "mousemove", at, true);
    mouse(target, "mouseup", at, false);
}

pub(crate) fn focus(element: &Element) {
    if let Some(element) = element.dyn_ref::<HtmlElement>() {
        let options = FocusOptions::new();
        options.set_prevent_scroll(true);
        let _ = element.focus_with_options(&options);
    }
}

/// `beforeinput`; false: the page wants none of it.
pub(crate) fn before_input(target: &Element, text: &str) -> bool {
    input_event(target, "beforeinput", text, true)
}

pub(crate) fn input(target: &Element, text: &str) {
    input_event(target, "input", text, false);
}

fn input_event(target: &Element, kind: &str, text: &str, cancelable: bool) -> bool {
    let init = InputEventInit::new();
    init.set_bubbles(true);
    init.set_composed(true);
    init.set_cancelable(cancelable);
    init.set_input_type("insertReplacementText");
    init.set_data(Some(text));
    InputEvent::new_with_event_init_dict(kind, &init).map_or(true, |event| send(target, &event))
}

pub(crate) fn plain(target: &Element, kind: &str) {
    let init = EventInit::new();
    init.set_bubbles(true);
    init.set_composed(kind == "input");
    if let Ok(event) = Event::new_with_event_init_dict(kind, &init) {
        send(target, &event);
    }
}

/// A key goes down and up. False: the page prevented what it does.
pub(crate) fn key(target: &Element, key: &str) -> bool {
    let init = KeyboardEventInit::new();
    init.set_bubbles(true);
    init.set_cancelable(true);
    init.set_composed(true);
    init.set_key(key);
    init.set_code(key);
    let say = |kind| {
        let event = KeyboardEvent::new_with_keyboard_event_init_dict(kind, &init);
        event.map_or(true, |event| send(target, &event))
    };
    let goes_on = say("keydown");
    let goes_on = goes_on && (key != "Enter" || say("keypress"));
    say("keyup");
    goes_on
}

/// A drag of an element that says `draggable`, with what the page put into it.
pub(crate) fn drag(target: &Element, kind: &str, at: At, data: &DataTransfer) -> bool {
    let init: DragEventInit = mouse_init(at, kind != "dragend" && kind != "drop").unchecked_into();
    init.set_data_transfer(Some(data));
    DragEvent::new_with_event_init_dict(kind, &init).map_or(true, |event| send(target, &event))
}

/// For what has no setter of its own.
pub(crate) fn number(value: f64) -> JsValue {
    js_sys::Number::from(value).to_string_with_radix(10).map_or(JsValue::NULL, JsValue::from)
}
