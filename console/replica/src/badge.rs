//! Words above elements of the page: why a picture is not there, what plays. Each stays within what its element takes up
//! at the agent's, however small that is, so that none lies over another's.
use wasm_bindgen::JsValue;
use web_sys::{Document, HtmlElement};

use crate::{frame::styled, place::Place};

/// From the edges of its element, if there is room.
const INSET_PX: f64 = 6.0;
const LINE_PX: f64 = 17.0;
/// Above and below the lines, together.
const PADDING_PX: f64 = 4.0;
/// Less than this is no room for a word.
const NARROWEST_PX: f64 = 56.0;
/// Behind words that cover others, and behind those that do not.
const SOLID: &str = "rgb(17 24 39)";
const SHEER: &str = "rgb(17 24 39 / 0.85)";
/// What stands for words where there is no room for one.
const MARK: &str = "…";
const MARK_PX: (f64, f64) = (24.0, PADDING_PX + LINE_PX);

/// What is said of an element, and where that is in CSS pixels of the replica's viewport.
pub(crate) struct Badge {
    pub(crate) at: Place,
    pub(crate) words: String,
    /// In its middle, over what stands there; otherwise in its corner.
    pub(crate) covers: bool,
}

/// How words fit on an element.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fit {
    /// From its corner; so wide and so many lines at most.
    Words {
        inset: f64,
        width: f64,
        lines: u32,
    },
    Mark,
    Nothing,
}

/// `width` and `height` are those of the element at the agent's.
fn fit(width: f64, height: f64) -> Fit {
    for inset in [INSET_PX, 1.0] {
        let (width, height) = (width - 2.0 * inset, height - 2.0 * inset - PADDING_PX);
        if width >= NARROWEST_PX && height >= LINE_PX {
            return Fit::Words { inset, width, lines: (height / LINE_PX) as u32 };
        }
    }
    if width >= MARK_PX.0 && height >= MARK_PX.1 { Fit::Mark } else { Fit::Nothing }
}

/// Shows a badge on an element that takes up a place of the overlay; none: nothing of it is seen.
pub(crate) fn show(element: &HtmlElement, shown: Option<(&Badge, Place)>) {
    let style = element.style();
    let fitted = shown.map(|(badge, place)| (badge, place, fit(place.width, place.height)));
    let (words, place, (inset, width, lines)) = match fitted {
        Some((badge, place, Fit::Words { inset, width, lines })) => {
            (&*badge.words, place, (inset, width, lines))
        }
        Some((_, place, Fit::Mark)) => (MARK, place, (0.0, place.width, 1)),
        Some((_, _, Fit::Nothing)) | None => {
            let _ = style.set_property("display", "none");
            return;
        }
    };
    if element.text_content().as_deref() != Some(words) {
        element.set_text_content(Some(words));
    }
    let covers = shown.is_some_and(|(badge, _)| badge.covers);
    let moved = match covers {
        true => {
            let (x, y) = (place.x + place.width / 2.0, place.y + place.height / 2.0);
            format!("translate({x}px, {y}px) translate(-50%, -50%)")
        }
        false => format!("translate({}px, {}px)", place.x + inset, place.y + inset),
    };
    for (name, value) in [
        ("display", "-webkit-box".to_owned()),
        ("max-width", format!("{width}px")),
        ("-webkit-line-clamp", lines.to_string()),
        ("transform", moved),
        ("background", if covers { SOLID } else { SHEER }.to_owned()),
    ] {
        // The names are properties of CSS, so there is nothing that could fail.
        let _ = style.set_property(name, &value);
    }
}

pub(crate) fn badge(document: &Document) -> Result<HtmlElement, JsValue> {
    let badge = styled(
        document,
        "div",
        &[
            ("position", "absolute"),
            ("left", "0"),
            ("top", "0"),
            ("box-sizing", "border-box"),
            ("width", "max-content"),
            ("padding", "2px 8px"),
            ("border-radius", "8px"),
            ("font", "12px/17px system-ui, sans-serif"),
            ("color", "#fff"),
            ("background", SHEER),
            ("-webkit-box-orient", "vertical"),
            ("overflow", "hidden"),
            ("overflow-wrap", "anywhere"),
            ("pointer-events", "none"),
        ],
    )?;
    badge.set_attribute("data-replica-badge", "")?;
    Ok(badge)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_on_their_element_and_a_small_one_has_a_mark_or_nothing() {
        assert_eq!(fit(300.0, 150.0), Fit::Words { inset: 6.0, width: 288.0, lines: 7 });
        assert_eq!(fit(300.0, 24.0), Fit::Words { inset: 1.0, width: 298.0, lines: 1 });
        assert_eq!(
            [fit(40.0, 150.0), fit(20.0, 20.0), fit(300.0, 9.0)],
            [Fit::Mark, Fit::Nothing, Fit::Nothing]
        );
        for width in 1..400 {
            for height in 1..120 {
                let (width, height) = (f64::from(width), f64::from(height));
                if let Fit::Words { inset, width: wide, lines } = fit(width, height) {
                    assert!(inset + wide <= width && lines >= 1);
                    assert!(inset + PADDING_PX + LINE_PX * f64::from(lines) <= height);
                }
            }
        }
    }
}
