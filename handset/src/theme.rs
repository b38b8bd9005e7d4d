//! Light, dark, or as the system has it; shared with the console, which lives on the same origin.
use gloo::storage::{LocalStorage, Storage};
use yew::prelude::*;

use crate::icons::Icon;

const KEY: &str = "ringside:theme";

#[component]
pub(crate) fn ThemeButton() -> Html {
    let theme = use_state(|| LocalStorage::get::<String>(KEY).unwrap_or_default());
    use_effect_with((*theme).clone(), |theme| show(theme));
    let (label, next) = match theme.as_str() {
        "light" => ("Colours: light", "dark"),
        "dark" => ("Colours: dark", ""),
        _ => ("Colours: as the system", "light"),
    };
    let change = {
        let theme = theme.clone();
        Callback::from(move |_: MouseEvent| {
            // A browser that keeps nothing still changes the colours now.
            let _ = LocalStorage::set(KEY, next);
            theme.set(next.into());
        })
    };
    html! {
        <button class="corner" onclick={change} title={label} aria-label={label}>{ Icon::Moon.html() }</button>
    }
}

fn show(theme: &str) {
    let root = gloo::utils::document_element();
    // Both can only fail for a bad attribute name, and this one is good.
    let _ = if theme.is_empty() {
        root.remove_attribute("data-theme")
    } else {
        root.set_attribute("data-theme", theme)
    };
}
