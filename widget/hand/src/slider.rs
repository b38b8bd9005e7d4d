//! Fields that are slid.
use shared::{refused, wire::lead::Spot};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlInputElement};

use crate::{
    deed::inside,
    dom::set_native,
    events::{self, At},
    touch::Refused,
};

pub(crate) fn range(element: &Element) -> Option<HtmlInputElement> {
    element.dyn_ref::<HtmlInputElement>().filter(|input| input.type_() == "range").cloned()
}

/// Sets a slider to a part of its length; the browser rounds it to a step.
pub(crate) fn slide(range: &HtmlInputElement, spot: Spot) -> Result<(), Refused> {
    slide_to(range, inside(range, spot))?;
    events::plain(range, "change");
    Ok(())
}

pub(crate) fn slide_to(range: &HtmlInputElement, at: At) -> Result<(), Refused> {
    let bounds = range.get_bounding_client_rect();
    let part = ((at.x - bounds.left()) / bounds.width().max(1.0)).clamp(0.0, 1.0);
    let read = |text: String, otherwise: f64| match js_sys::Number::parse_float(&text) {
        number if number.is_nan() => otherwise,
        number => number,
    };
    let (low, high) = (read(range.min(), 0.0), read(range.max(), 100.0));
    let value = low + part * (high - low);
    events::focus(range);
    if !set_native(range, "value", &events::number(value)) {
        return Err(refused::NOT_POSSIBLE);
    }
    events::plain(range, "input");
    Ok(())
}
