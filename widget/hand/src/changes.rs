//! What of the page's buttons, links and fields changed lately: a deed was meant for what the agent saw.
use std::{cell::RefCell, rc::Rc};

use js_sys::{Array, WeakMap};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{Element, MutationObserver, MutationObserverInit, MutationRecord, Node};

use crate::{
    Reach,
    dom::{closest, document},
};

/// What says what it does.
const ACTIONABLE: &str =
    "a,button,input,select,textarea,summary,label,option,[role],[onclick],[contenteditable]";
/// Attributes that change what an element does.
const ATTRIBUTES: [&str; 9] =
    ["href", "type", "name", "value", "action", "formaction", "disabled", "role", "aria-label"];

/// Watches until dropped.
pub(crate) struct Changes {
    /// Element: epoch and seq of the frame that will tell of its last change.
    known: Rc<WeakMap>,
    observer: MutationObserver,
    _told: Closure<dyn FnMut(Array)>,
}

impl Changes {
    pub(crate) fn watch(reach: Rc<Reach>) -> Option<Self> {
        let known = Rc::new(WeakMap::new());
        let note = RefCell::new(known.clone());
        let told = Closure::<dyn FnMut(Array)>::new(move |records: Array| {
            let Some((epoch, seq)) = reach.position() else { return };
            let place = JsValue::from_f64(f64::from(epoch) * SEQS + f64::from(seq) + 1.0);
            for record in records {
                let record: MutationRecord = record.unchecked_into();
                if let Some(element) = record.target().and_then(|node| actionable(&node)) {
                    note.borrow().set(&element, &place);
                }
            }
        });
        let observer = MutationObserver::new(told.as_ref().unchecked_ref()).ok()?;
        let options = MutationObserverInit::new();
        options.set_subtree(true);
        options.set_child_list(true);
        options.set_character_data(true);
        let names: Array = ATTRIBUTES.iter().map(|name| JsValue::from_str(name)).collect();
        options.set_attribute_filter(&names);
        observer.observe_with_options(&document(), &options).ok()?;
        Some(Self { known, observer, _told: told })
    }

    /// The element is another one now than it was at (epoch, seq).
    pub(crate) fn since(&self, element: &Element, epoch: u32, seq: u32) -> bool {
        let Some(element) = actionable(element) else { return false };
        let changed = self.known.get(&element).as_f64();
        changed.is_some_and(|changed| changed > f64::from(epoch) * SEQS + f64::from(seq))
    }
}

/// More than an epoch has frames.
const SEQS: f64 = 4_294_967_296.0;

fn actionable(node: &Node) -> Option<Element> {
    let element = node.dyn_ref::<Element>().cloned().or_else(|| node.parent_element())?;
    closest(&element, ACTIONABLE)
}

impl Drop for Changes {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}
