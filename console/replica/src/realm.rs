//! Members of a document's nodes, by the prototypes of its window: a form with a field that is called "scrollTo" or
//! "parentNode" would answer with that field. What a browser refuses, or throws, is no answer.
use js_sys::{Array, Function, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, Node, Window};

#[derive(Debug, Clone)]
pub(crate) struct Realm(pub(crate) Window);

impl Realm {
    /// A new object of that class.
    pub(crate) fn make(&self, class: &str, arguments: &[&JsValue]) -> Option<JsValue> {
        let kind = member(&self.0, class)?.dyn_into::<Function>().ok()?;
        Reflect::construct(&kind, &arguments.iter().copied().collect::<Array>()).ok()
    }

    pub(crate) fn get(&self, class: &str, key: &str, of: &JsValue) -> Option<JsValue> {
        let getter = member(&self.property(class, key)?, "get")?.dyn_into::<Function>().ok()?;
        getter.call0(of).ok().filter(|value| !value.is_undefined() && !value.is_null())
    }

    pub(crate) fn set(&self, class: &str, key: &str, of: &JsValue, value: &JsValue) {
        let setter = self.property(class, key).and_then(|property| member(&property, "set"));
        if let Some(setter) = setter.and_then(|setter| setter.dyn_into::<Function>().ok()) {
            let _ = setter.call1(of, value);
        }
    }

    pub(crate) fn call(
        &self,
        class: &str,
        key: &str,
        of: &JsValue,
        arguments: &[&JsValue],
    ) -> Option<JsValue> {
        let method = member(&self.property(class, key)?, "value")?.dyn_into::<Function>().ok()?;
        method.apply(of, &arguments.iter().copied().collect::<Array>()).ok()
    }

    fn property(&self, class: &str, key: &str) -> Option<JsValue> {
        // Of another window's class, so "instanceof" would deny it.
        let prototype: Object = member(&member(&self.0, class)?, "prototype")?.unchecked_into();
        Some(Object::get_own_property_descriptor(&prototype, &key.into()))
    }

    pub(crate) fn kind(&self, node: &Node) -> u16 {
        self.get("Node", "nodeType", node).and_then(|kind| kind.as_f64()).map_or(0, |kind| kind as u16)
    }

    pub(crate) fn parent(&self, node: &Node) -> Option<Node> {
        self.get("Node", "parentNode", node).map(JsCast::unchecked_into)
    }

    pub(crate) fn name(&self, element: &Element) -> String {
        self.get("Element", "localName", element).and_then(|name| name.as_string()).unwrap_or_default()
    }

    pub(crate) fn is(&self, element: &Element, selector: &str) -> bool {
        let answer = self.call("Element", "matches", element, &[&selector.into()]);
        answer.is_some_and(|answer| answer.is_truthy())
    }

    /// Gives the element an empty attribute, or takes it.
    pub(crate) fn toggle(&self, element: &Element, name: &str, force: bool) {
        let _ = self.call("Element", "toggleAttribute", element, &[&name.into(), &force.into()]);
    }

    /// The host, if the node is a shadow root.
    pub(crate) fn host(&self, root: &Node) -> Option<Element> {
        self.get("ShadowRoot", "host", root).map(JsCast::unchecked_into)
    }
}

fn member(object: &JsValue, name: &str) -> Option<JsValue> {
    Reflect::get(object, &name.into()).ok().filter(|value| !value.is_undefined() && !value.is_null())
}
