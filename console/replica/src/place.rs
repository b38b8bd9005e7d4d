//! Where things are in the replica's viewport, also what lies in frames and within fields.
use page_mirror::codec::close::Caret;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CssStyleDeclaration, Document, DomRect, DomRectList, Element, Window};

use crate::realm::Realm;

/// CSS pixels of the replica's viewport.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Place {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

/// Frames in frames, that a place is looked for through.
const FRAMES: usize = 16;
/// Text of a field that is laid out for its caret, in bytes: a page can make one of megabytes.
const LONGEST: usize = 60_000;
/// Lines of selected text in a field that are shown.
const LINES: u32 = 64;
/// Styles that decide where letters stand.
const LETTERS: [&str; 26] = [
    "font-style",
    "font-variant",
    "font-weight",
    "font-stretch",
    "font-size",
    "font-family",
    "font-kerning",
    "font-feature-settings",
    "font-variation-settings",
    "line-height",
    "letter-spacing",
    "word-spacing",
    "word-break",
    "overflow-wrap",
    "text-align",
    "text-indent",
    "text-rendering",
    "text-transform",
    "direction",
    "tab-size",
    "padding-top",
    "padding-right",
    "padding-bottom",
    "padding-left",
    "writing-mode",
    "line-break",
];

/// A place in the viewport of the element's document, as one in the page's.
pub(crate) fn in_page(realm: &Realm, element: &Element, x: f64, y: f64) -> (f64, f64) {
    let (mut x, mut y) = (x, y);
    let mut at = Some(element.clone());
    for _ in 0..FRAMES {
        let frame = at.and_then(|element| frame_around(realm, &element));
        let Some(frame) = frame else { break };
        let Some(bounds) = bounds(realm, &frame) else { break };
        let inner = |border: &str, padding: &str| {
            let style = style_of(realm, &frame);
            let side = |name| style.as_ref().and_then(|style| pixels(style, name)).unwrap_or(0.0);
            side(border) + side(padding)
        };
        x += bounds.left() + inner("border-left-width", "padding-left");
        y += bounds.top() + inner("border-top-width", "padding-top");
        at = Some(frame);
    }
    (x, y)
}

/// The frame that an element's document is in; none in the page itself, whose frame is the console's.
fn frame_around(realm: &Realm, element: &Element) -> Option<Element> {
    let view = view_of(realm, element)?;
    if view == realm.0 {
        return None;
    }
    let frame = js_sys::Reflect::get(&view, &"frameElement".into()).ok()?;
    frame.is_object().then(|| frame.unchecked_into())
}

fn document_of(realm: &Realm, element: &Element) -> Option<Document> {
    realm.get("Node", "ownerDocument", element).map(JsCast::unchecked_into)
}

fn view_of(realm: &Realm, element: &Element) -> Option<Window> {
    let document = document_of(realm, element)?;
    realm.get("Document", "defaultView", &document).map(JsCast::unchecked_into)
}

fn bounds(realm: &Realm, element: &Element) -> Option<DomRect> {
    realm.call("Element", "getBoundingClientRect", element, &[]).map(JsCast::unchecked_into)
}

fn style_of(realm: &Realm, element: &Element) -> Option<CssStyleDeclaration> {
    view_of(realm, element)?.get_computed_style(element).ok().flatten()
}

fn pixels(style: &CssStyleDeclaration, name: &str) -> Option<f64> {
    style.get_property_value(name).ok()?.strip_suffix("px")?.parse().ok()
}

/// The caret in a field (without width), or what is selected there, a line each. What lies outside of the field is cut.
pub(crate) fn in_field(realm: &Realm, field: &Element, caret: &Caret) -> Option<Vec<Place>> {
    let style = style_of(realm, field)?;
    let around = bounds(realm, field)?;
    let side = |name: &str| realm.get("Element", name, field).and_then(|side| side.as_f64()).unwrap_or(0.0);
    let is_line = realm.name(field) == "input";
    let (left, top) = (around.left() + side("clientLeft"), around.top() + side("clientTop"));
    let (width, height) = (side("clientWidth"), side("clientHeight"));
    if width <= 0.0 || height <= 0.0 {
        return None;
    }
    if is_line {
        realm.set("Element", "scrollLeft", field, &caret.scroll[0].into());
    }
    let value = value_of(realm, field, is_line);
    if value.len() > LONGEST {
        return None;
    }
    let copy = Copy::of(realm, field, &style, width, is_line)?;
    let rects = copy.rects(&value, caret)?;
    let origin = bounds(realm, &copy.copy)?;
    let (scrolled_x, scrolled_y) = (side("scrollLeft"), side("scrollTop"));
    let middle = {
        let padding = |name| pixels(&style, name).unwrap_or(0.0);
        let (above, below) = (padding("padding-top"), padding("padding-bottom"));
        above + (height - above - below) / 2.0
    };
    let places = (0..rects.length().min(LINES)).filter_map(|at| rects.item(at)).filter_map(|rect| {
        let x = left + rect.left() - origin.left() - scrolled_x;
        let y = match is_line {
            true => top + middle - rect.height() / 2.0,
            false => top + rect.top() - origin.top() - scrolled_y,
        };
        let place = Place { x, y, width: rect.width(), height: rect.height() };
        let cut = cut(&place, &Place { x: left, y: top, width, height })?;
        let (x, y) = in_page(realm, field, cut.x, cut.y);
        Some(Place { x, y, ..cut })
    });
    Some(places.collect())
}

/// As much of a place as lies within another one.
pub(crate) fn cut(place: &Place, within: &Place) -> Option<Place> {
    let (x, y) = (place.x.max(within.x), place.y.max(within.y));
    let right = (place.x + place.width).min(within.x + within.width);
    let bottom = (place.y + place.height).min(within.y + within.height);
    (right >= x && bottom > y).then_some(Place { x, y, width: right - x, height: bottom - y })
}

fn value_of(realm: &Realm, field: &Element, is_line: bool) -> String {
    let class = if is_line { "HTMLInputElement" } else { "HTMLTextAreaElement" };
    realm.get(class, "value", field).and_then(|value| value.as_string()).unwrap_or_default()
}

/// A copy of a field's text, in its document for as long as it is measured: within one task, so that nobody sees it.
struct Copy<'r> {
    realm: &'r Realm,
    copy: Element,
    document: Document,
}

impl<'r> Copy<'r> {
    fn of(
        realm: &'r Realm,
        field: &Element,
        style: &CssStyleDeclaration,
        width: f64,
        is_line: bool,
    ) -> Option<Self> {
        let document = document_of(realm, field)?;
        let copy: Element =
            realm.call("Document", "createElement", &document, &[&"ringside-copy".into()])?.unchecked_into();
        let space = if is_line { "pre" } else { "pre-wrap" };
        let mut css = format!(
            "all:initial!important;display:block!important;position:fixed!important;left:0!important;top:0!important;\
             width:{width}px!important;box-sizing:border-box!important;white-space:{space}!important;"
        );
        for name in LETTERS {
            let value = style.get_property_value(name).unwrap_or_default();
            css.push_str(&format!("{name}:{value}!important;"));
        }
        realm.call("Element", "setAttribute", &copy, &[&"style".into(), &css.into()])?;
        let page = realm.get("Document", "documentElement", &document)?;
        realm.call("Node", "appendChild", &page, &[&copy])?;
        Some(Self { realm, copy, document })
    }

    /// Where the caret, or each line of what is selected, is in the copy.
    fn rects(&self, value: &str, caret: &Caret) -> Option<DomRectList> {
        let units: Vec<u16> = value.encode_utf16().collect();
        let start = (caret.start as usize).min(units.len());
        let end = (caret.end as usize).clamp(start, units.len());
        let text = |units: &[u16]| String::from_utf16_lossy(units);
        let selected = self.realm.call("Document", "createElement", &self.document, &[&"span".into()])?;
        // A word joiner: a last line without letters is a line as well.
        let parts = [text(&units[..start]), text(&units[start..end]), text(&units[end..]) + "\u{2060}"];
        self.realm.set("Node", "textContent", &selected, &parts[1].as_str().into());
        self.realm.call(
            "Element",
            "setAttribute",
            &selected,
            &[&"style".into(), &"all:unset!important".into()],
        )?;
        let arguments: [&JsValue; 3] = [&parts[0].as_str().into(), &selected, &parts[2].as_str().into()];
        self.realm.call("Element", "append", &self.copy, &arguments)?;
        self.realm.call("Element", "getClientRects", &selected, &[]).map(JsCast::unchecked_into)
    }
}

impl Drop for Copy<'_> {
    fn drop(&mut self) {
        let _ = self.realm.call("Element", "remove", &self.copy, &[]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_outside_of_a_field_is_cut() {
        let place = |x, y, width, height| Place { x, y, width, height };
        let field = place(10.0, 10.0, 100.0, 20.0);
        assert_eq!(cut(&place(0.0, 12.0, 200.0, 10.0), &field), Some(place(10.0, 12.0, 100.0, 10.0)));
        assert_eq!(cut(&place(50.0, 12.0, 0.0, 10.0), &field), Some(place(50.0, 12.0, 0.0, 10.0)));
        assert_eq!(cut(&place(120.0, 12.0, 0.0, 10.0), &field), None);
        assert_eq!(cut(&place(20.0, 40.0, 10.0, 10.0), &field), None);
    }
}
