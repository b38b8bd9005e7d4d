//! The card's style, as a constructed sheet: no page's `style-src` is asked.
use js_sys::{Array, Reflect};
use wasm_bindgen::JsValue;
use web_sys::CssStyleSheet;

use crate::{config::Config, js};

const SHEET: &str = include_str!("style.css");

/// Adds the card's sheet to the loader's.
///
/// # Errors
/// The browser has no constructed sheets.
pub(crate) fn adopt(config: &Config) -> Result<(), JsValue> {
    let sheet = CssStyleSheet::new()?;
    sheet.replace_sync(&[SHEET, &accent(config.accent.as_deref().unwrap_or_default())].concat())?;
    let name = "adoptedStyleSheets";
    let sheets = Array::from(&js::get(&config.root, name));
    sheets.push(&sheet);
    Reflect::set(&config.root, &name.into(), &sheets).map(drop)
}

/// The merchant's colour, with black or white on it by its lightness (CIE L* 49.44 is equally far from both).
/// What is no colour is dropped by the browser's parser; what could be more than a colour, here.
fn accent(colour: &str) -> String {
    if !colour.chars().all(|c| c.is_ascii_alphanumeric() || "#(),.%/ -".contains(c)) {
        return String::new();
    }
    [".primary,.chip{background:", colour, ";color:lch(from ", colour, " calc((49.44 - l)*9e9) 0 0)}"]
        .concat()
}
