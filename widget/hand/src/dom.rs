//! The page, in few words. Elements of the page come through prototypes where a name on the page could answer instead.
use js_sys::{Function, Number, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{AddEventListenerOptions, Document, Element, Event, EventTarget, HtmlElement, Node, Window};

pub(crate) fn window() -> Window {
    web_sys::window().expect("the recorder runs in pages, which have a window")
}

pub(crate) fn document() -> Document {
    window().document().expect("a page has a document")
}

/// What is clicked where: the innermost element, through open shadow roots.
pub(crate) fn element_at(x: f64, y: f64) -> Option<Element> {
    let mut found = document().element_from_point(x as f32, y as f32)?;
    while let Some(inner) = found.shadow_root().and_then(|root| root.element_from_point(x as f32, y as f32)) {
        if inner == found {
            break;
        }
        found = inner;
    }
    Some(found)
}

/// `inner` is `outer` or stands in it, seen through shadow roots.
pub(crate) fn is_within(inner: &Element, outer: &Element) -> bool {
    let mut at: Option<Node> = Some(inner.clone().into());
    while let Some(node) = at {
        if node == **outer {
            return true;
        }
        at = above(&node);
    }
    false
}

/// The parent, or the host of a shadow root.
pub(crate) fn above(node: &Node) -> Option<Node> {
    let parent = node.parent_node();
    parent.or_else(|| {
        let root = node.dyn_ref::<web_sys::ShadowRoot>()?;
        Some(root.host().into())
    })
}

/// The nearest element at or above that matches, also outside of the shadow root that it is in.
pub(crate) fn closest(element: &Element, selectors: &str) -> Option<Element> {
    let mut at = Some(element.clone());
    while let Some(element) = at {
        if let Ok(Some(found)) = element.closest(selectors) {
            return Some(found);
        }
        let root = element.get_root_node();
        at = root.dyn_into::<web_sys::ShadowRoot>().ok().map(|root| root.host());
    }
    None
}

/// The setter of a property as the browser made it. Frameworks put their own before it, on the element.
pub(crate) fn set_native(element: &Element, property: &str, value: &JsValue) -> bool {
    let mut prototype = Object::get_prototype_of(element);
    while !prototype.is_null() {
        let found = Object::get_own_property_descriptor(&prototype, &property.into());
        let setter = Reflect::get(&found, &"set".into()).ok().and_then(|set| set.dyn_into::<Function>().ok());
        if let Some(setter) = setter {
            return setter.call1(element, value).is_ok();
        }
        prototype = Object::get_prototype_of(&prototype);
    }
    false
}

pub(crate) fn get(element: &Element, property: &str) -> JsValue {
    Reflect::get(element, &property.into()).unwrap_or_default()
}

pub(crate) fn make(tag: &str, class: &str, text: &str) -> HtmlElement {
    let element =
        document().create_element(tag).expect("the name of an element").unchecked_into::<HtmlElement>();
    if !class.is_empty() {
        element.set_class_name(class);
    }
    if !text.is_empty() {
        element.set_text_content(Some(text));
    }
    element
}

/// The names are properties of CSS, so there is nothing that could fail.
pub(crate) fn style(element: &HtmlElement, name: &str, value: &str) {
    let _ = element.style().set_property(name, value);
}

pub(crate) fn attribute(element: &Element, name: &str, value: &str) {
    let _ = element.set_attribute(name, value);
}

/// Written by the browser: a number's printer of our own would weigh more than all the rest here.
pub(crate) fn tenths(value: f64) -> String {
    Number::from(value).to_fixed(1).map(String::from).unwrap_or_default()
}

/// Heard until it is dropped.
pub(crate) struct Listener {
    target: EventTarget,
    kind: &'static str,
    listener: Closure<dyn FnMut(Event)>,
}

impl Listener {
    /// Before the page's own listeners, and whatever they stop.
    pub(crate) fn new(target: &EventTarget, kind: &'static str, heard: impl FnMut(Event) + 'static) -> Self {
        let listener = Closure::<dyn FnMut(Event)>::new(heard);
        let options = AddEventListenerOptions::new();
        options.set_capture(true);
        options.set_passive(true);
        let function = listener.as_ref().unchecked_ref();
        let _ =
            target.add_event_listener_with_callback_and_add_event_listener_options(kind, function, &options);
        Self { target: target.clone(), kind, listener }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let function = self.listener.as_ref().unchecked_ref();
        let _ = self.target.remove_event_listener_with_callback_and_bool(self.kind, function, true);
    }
}
