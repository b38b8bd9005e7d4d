//! What agents do not see, shown to the customer: stripes over fields and regions that are masked, and a line of words.
use std::cell::RefCell;

use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, NodeList};

use crate::{
    Reach,
    dom::{attribute, closest, document, make, style, tenths},
    stage::{Stage, button},
    touch, words,
};

/// Parts that are outlined at once.
const MOST: usize = 200;
/// Elements that are looked at for shadow roots.
const LOOKED_AT: u32 = 20_000;
const FIELDS: &str = "input:not([type=hidden]),textarea,select";

/// The stripes, while they are shown.
#[derive(Default)]
pub(crate) struct Hidden {
    shown: RefCell<Option<Shown>>,
}

struct Shown {
    stripes: HtmlElement,
    bar: HtmlElement,
    parts: Vec<(Element, HtmlElement)>,
}

impl Hidden {
    /// Shows it, or no longer. What had the focus before has it again afterwards, by the browser.
    pub(crate) fn toggle(&self, reach: &Reach, stage: &Stage) {
        if self.remove() {
            return;
        }
        let strict = reach.is_strict();
        let found = if strict { open_parts(reach) } else { hidden_parts(reach) };
        let text = match (strict, found.is_empty()) {
            (true, true) => words::HIDDEN_ALL,
            (true, false) => words::HIDDEN_BUT,
            (false, true) => words::HIDDEN_NONE,
            (false, false) => words::HIDDEN_STRIPED,
        };
        let stripes = make("div", "", "");
        attribute(&stripes, "aria-hidden", "true");
        let class = if strict { "veil open" } else { "veil" };
        let parts: Vec<(Element, HtmlElement)> =
            found.into_iter().map(|part| (part, make("div", class, ""))).collect();
        for (_, stripe) in &parts {
            let _ = stripes.append_child(stripe);
        }
        let bar = make("div", "bar veils", "");
        attribute(&bar, "role", "region");
        attribute(&bar, "aria-label", words::HIDDEN);
        let told = make("span", "", text);
        let more = make("i", "", words::HIDDEN_TOO);
        for part in [told, more, button(words::DONE, "unveil", 0)] {
            let _ = bar.append_child(&part);
        }
        stage.add(&stripes);
        stage.add(&bar);
        stage.put_on_top();
        stage.say(&[text, " ", words::HIDDEN_TOO].concat());
        self.shown.replace(Some(Shown { stripes, bar, parts }));
        self.keep_in_place();
    }

    /// False: nothing was shown.
    pub(crate) fn remove(&self) -> bool {
        let shown = self.shown.take();
        if let Some(Shown { stripes, bar, .. }) = &shown {
            stripes.remove();
            bar.remove();
        }
        shown.is_some()
    }

    /// Moves the stripes to where their elements are now. False: nothing is shown.
    pub(crate) fn keep_in_place(&self) -> bool {
        let shown = self.shown.borrow();
        let Some(Shown { parts, .. }) = &*shown else { return false };
        for (part, stripe) in parts {
            let at = part.get_bounding_client_rect();
            let is_seen = at.width() > 0.0 && at.height() > 0.0;
            style(stripe, "display", if is_seen { "block" } else { "none" });
            style(
                stripe,
                "transform",
                &["translate(", &tenths(at.left()), "px,", &tenths(at.top()), "px)"].concat(),
            );
            style(stripe, "width", &(tenths(at.width()) + "px"));
            style(stripe, "height", &(tenths(at.height()) + "px"));
        }
        true
    }
}

/// Fields and regions that a rule or their kind masks, without what lies in one that is there already.
fn hidden_parts(reach: &Reach) -> Vec<Element> {
    let [masks, _, blocks] = reach.rules_as_text();
    let wanted = [FIELDS, &masks, &blocks].join(",");
    let regions = [masks.as_str(), &blocks].join(",");
    let is_hidden = |element: &Element| {
        if touch::is_field(element) {
            touch::is_secret(reach, element)
        } else {
            touch::is_ruled(reach, element)
        }
    };
    let lies_in_one = |element: &Element| {
        let around = element.parent_element().and_then(|parent| closest(&parent, &regions));
        around.is_some_and(|around| touch::is_ruled(reach, &around))
    };
    find(&wanted, |element| is_hidden(element) && !lies_in_one(element))
}

/// What is shown where everything is masked.
fn open_parts(reach: &Reach) -> Vec<Element> {
    let [_, unmasks, _] = reach.rules_as_text();
    find(&unmasks, |_| true)
}

fn find(selectors: &str, wanted: impl Fn(&Element) -> bool) -> Vec<Element> {
    let elements = |list: Result<NodeList, _>| {
        let list = list.ok();
        let count = list.as_ref().map_or(0, NodeList::length).min(LOOKED_AT);
        (0..count).filter_map(move |at| list.as_ref()?.item(at)?.dyn_into::<Element>().ok())
    };
    let page = document();
    let mut found: Vec<Element> =
        elements(page.query_selector_all(selectors)).filter(|one| wanted(one)).collect();
    // What stands in open shadow roots, one level deep in each look.
    let mut roots: Vec<_> =
        elements(page.query_selector_all("*")).filter_map(|one| one.shadow_root()).collect();
    while let Some(root) = roots.pop().filter(|_| found.len() < MOST) {
        if root.host().has_attribute("data-ringside") || root.host().local_name() == "ringside-widget" {
            continue;
        }
        found.extend(elements(root.query_selector_all(selectors)).filter(|one| wanted(one)));
        roots.extend(elements(root.query_selector_all("*")).filter_map(|one| one.shadow_root()));
    }
    found.truncate(MOST);
    found
}
