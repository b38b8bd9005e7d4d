//! States that custom elements say they have (`:state()`). Nobody lists them: those that the page's styles ask for are
//! asked for here as well.
use js_sys::{Array, JsString, RegExp};
use page_mirror::{codec::close::is_state, limits, record::close};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Element;

use crate::{
    Reach,
    page::{Roots, call, member},
};

/// Rules that are read in one look, and elements with a state in one root.
const RULES: u32 = 100;
const ELEMENTS: u32 = 256;
const ASKED: &str = r":state\([\w-]+\)";
/// Of such a selector, what stands before and behind the name.
const AROUND: (usize, usize) = (7, 1);

#[derive(Default)]
pub(crate) struct States {
    /// What the styles ask for, as selectors.
    asked: Vec<String>,
    /// How many rules were read.
    read: u32,
    told: Vec<(u32, String)>,
}

impl States {
    pub(crate) fn look(&mut self, reach: &Reach, roots: &Roots) {
        let all = roots.all();
        self.read_rules(&all);
        if self.asked.is_empty() {
            return;
        }
        let mut now = Vec::new();
        for root in all.iter() {
            self.find(reach, &root, &mut now);
        }
        for one in &now {
            if !self.told.contains(one) {
                reach.add(&close::custom(one.0, &one.1), 0);
            }
        }
        for (id, _) in &self.told {
            // What left the page since is told by nobody.
            let is_there = || reach.of(*id).is_some_and(|node| node.is_connected());
            if now.iter().all(|(now, _)| now != id) && is_there() {
                reach.add(&close::custom(*id, ""), 0);
            }
        }
        self.told = now;
    }

    /// The next few rules.
    fn read_rules(&mut self, roots: &Array) {
        let (mut at, until) = (0, self.read + RULES);
        for root in roots.iter() {
            for kind in ["styleSheets", "adoptedStyleSheets"] {
                let sheets = member(&root, kind);
                for sheet in count(&sheets) {
                    let rules = member(&item(&sheets, sheet), "cssRules");
                    for rule in count(&rules) {
                        if at >= self.read && at < until {
                            self.note(&member(&item(&rules, rule), "cssText"));
                        }
                        at += 1;
                    }
                }
            }
        }
        // From the beginning again: rules change.
        self.read = if until >= at { 0 } else { until };
    }

    fn note(&mut self, css: &JsValue) {
        let Some(css) = css.dyn_ref::<JsString>() else { return };
        let Some(found) = css.match_(&RegExp::new(ASKED, "g")) else { return };
        for asked in Array::from(&found).iter().filter_map(|asked| asked.as_string()) {
            if self.asked.len() < limits::STATES && !self.asked.contains(&asked) && is_state(name(&asked)) {
                self.asked.push(asked);
            }
        }
    }

    fn find(&self, reach: &Reach, root: &JsValue, found: &mut Vec<(u32, String)>) {
        // A browser that does not know states has none.
        let Some(list) = call(root, "querySelectorAll", &self.asked.join(",").into()) else { return };
        for at in count(&list).take(ELEMENTS as usize) {
            let element: Element = item(&list, at).unchecked_into();
            let id = reach.id(&element);
            // What an element in a masked region is like is content as well.
            if id == 0 || reach.mask(&element) & crate::MASKED != 0 {
                continue;
            }
            let mut states = String::new();
            for asked in &self.asked {
                if element.matches(asked).unwrap_or(false) {
                    if !states.is_empty() {
                        states.push(' ');
                    }
                    states.push_str(name(asked));
                }
            }
            found.push((id, states));
        }
    }
}

fn name(asked: &str) -> &str {
    let end = asked.len().saturating_sub(AROUND.1);
    asked.get(AROUND.0..end).unwrap_or_default()
}

fn count(list: &JsValue) -> std::ops::Range<u32> {
    0..member(list, "length").as_f64().unwrap_or(0.0) as u32
}

fn item(list: &JsValue, at: u32) -> JsValue {
    js_sys::Reflect::get_u32(list, at).unwrap_or_default()
}
