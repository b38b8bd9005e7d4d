//! What an agent may touch at all.
use page_mirror::mask::fields::{Secrecy, secrecy};
use shared::refused;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, HtmlFormElement, HtmlInputElement, Url};

use crate::{
    Reach,
    dom::{closest, get, window},
};

/// Why not.
pub(crate) type Refused = &'static str;

/// Where an element's masking stands, as the recorder's script says it. In strict mode everything is masked, and a rule
/// of its own is not told apart.
pub(crate) const STRICT: u32 = 1;
const MASKED: u32 = 4;
const ONCE_PASSWORD: u32 = 8;

/// An element that is neither masked nor blocked, nor takes files.
pub(crate) fn check(reach: &Reach, element: &Element) -> Result<(), Refused> {
    if is_ruled(reach, element) {
        return Err(refused::MASKED);
    }
    let mut field = is_field(element).then(|| element.clone());
    // A label acts on its field.
    if let Some(label) = closest(element, "label") {
        field = field.or_else(|| get(&label, "control").dyn_into().ok());
    }
    if let Some(field) = field {
        check_field(reach, &field)?;
    }
    let disabled = closest(element, "button,input,select,textarea,option,fieldset");
    if disabled.is_some_and(|control| control.matches(":disabled").unwrap_or(false)) {
        return Err(refused::NOT_POSSIBLE);
    }
    Ok(())
}

fn check_field(reach: &Reach, field: &Element) -> Result<(), Refused> {
    if field.dyn_ref::<HtmlInputElement>().is_some_and(|input| input.type_() == "file") {
        return Err(refused::FILE);
    }
    if is_secret(reach, field) { Err(refused::MASKED) } else { Ok(()) }
}

/// Its value does not leave the browser as it is.
pub(crate) fn is_secret(reach: &Reach, field: &Element) -> bool {
    let flags = reach.flags(field);
    let by_kind = flags & ONCE_PASSWORD != 0 || kind_of(field, false) != Secrecy::Open;
    let typed_into =
        !field.dyn_ref::<HtmlInputElement>().is_some_and(|input| BUTTONS.contains(&input.type_().as_str()));
    by_kind || is_ruled(reach, field) || (typed_into && flags & MASKED != 0)
}

/// Masked or blocked by a rule of its own.
pub(crate) fn is_ruled(reach: &Reach, element: &Element) -> bool {
    let [_, _, blocks] = reach.rules_as_text();
    closest(element, &blocks).is_some() || reach.flags(element) & (MASKED | STRICT) == MASKED
}

const BUTTONS: [&str; 4] = ["button", "submit", "reset", "image"];

fn kind_of(field: &Element, once: bool) -> Secrecy {
    let names = field.get_attribute_names();
    let attributes: Vec<(String, String)> = names
        .iter()
        .filter_map(|name| name.as_string())
        .filter_map(|name| field.get_attribute(&name).map(|value| (name, value)))
        .collect();
    let pairs: Vec<_> = attributes.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    secrecy(&field.local_name(), &pairs, once)
}

pub(crate) fn is_field(element: &Element) -> bool {
    matches!(element.local_name().as_str(), "input" | "textarea" | "select")
}

/// What a click would lead to: only pages of the business, and no form that holds what is masked.
pub(crate) fn check_click(reach: &Reach, origins: &[String], element: &Element) -> Result<(), Refused> {
    if let Some(link) = closest(element, "a[href],area[href]") {
        let href = get(&link, "href").as_string().or_else(|| link.get_attribute("href"));
        let target = link.get_attribute("target").unwrap_or_default();
        check_address(origins, &href.unwrap_or_default(), &target)?;
        if link.has_attribute("download") {
            return Err(refused::LEADS_AWAY);
        }
    }
    let button = closest(element, "button,input[type=submit],input[type=image]");
    if let Some(button) = button.filter(|button| get(button, "type").as_string().as_deref() != Some("button"))
    {
        let form = get(&button, "form").dyn_into::<HtmlFormElement>();
        let resets = get(&button, "type").as_string().as_deref() == Some("reset");
        if let Ok(form) = form.map(|form| (form, button.get_attribute("formaction")))
            && !resets
        {
            check_form(reach, origins, &form.0, form.1)?;
        }
    }
    Ok(())
}

/// A form that an agent may send.
pub(crate) fn check_form(
    reach: &Reach,
    origins: &[String],
    form: &HtmlFormElement,
    action: Option<String>,
) -> Result<(), Refused> {
    let fields = form
        .query_selector_all("input:not([type=hidden]),textarea,select")
        .map_err(|_| refused::NOT_POSSIBLE)?;
    for at in 0..fields.length() {
        if let Some(field) = fields.item(at).and_then(|field| field.dyn_into::<Element>().ok())
            && is_secret(reach, &field)
        {
            return Err(refused::CUSTOMER_SENDS);
        }
    }
    // Attributes, not properties: a field named "action" would answer for the form.
    let action = action.or_else(|| form.get_attribute("action")).unwrap_or_default();
    let base = form.base_uri().ok().flatten().unwrap_or_default();
    let address = Url::new_with_base(&action, &base).map_err(|_| refused::LEADS_AWAY)?.href();
    check_address(origins, &address, &form.get_attribute("target").unwrap_or_default())
}

fn check_address(origins: &[String], address: &str, target: &str) -> Result<(), Refused> {
    let here = window().location().origin().unwrap_or_default();
    let url = Url::new(address).map_err(|_| refused::LEADS_AWAY)?;
    let known = url.origin() == here || origins.contains(&url.origin());
    let opens = !matches!(target, "" | "_self" | "_top" | "_parent");
    if matches!(url.protocol().as_str(), "http:" | "https:") && known && !opens {
        Ok(())
    } else {
        Err(refused::LEADS_AWAY)
    }
}

pub(crate) fn is_editable(element: &Element) -> bool {
    element.dyn_ref::<HtmlElement>().is_some_and(HtmlElement::is_content_editable)
}
