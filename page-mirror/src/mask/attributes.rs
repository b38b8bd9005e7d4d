//! Which attributes leave the browser, and how.
use std::borrow::Cow;

use super::{Secrets, bullets, fields::Secrecy, value_bullets};

/// Elements whose attributes mean nothing to a replica, or are secrets (tokens in `meta`).
const BARE: [&str; 5] = ["meta", "script", "base", "noscript", "template"];
/// Attributes that a replica never needs.
const NEVER: [&str; 10] = [
    "nonce",
    "integrity",
    "srcdoc",
    "action",
    "formaction",
    "ping",
    "http-equiv",
    "autofocus",
    "target",
    "formtarget",
];
/// In a masked region these show content.
const CONTENT: [&str; 9] =
    ["title", "alt", "placeholder", "value", "label", "summary", "content", "aria-label", "aria-valuetext"];
/// In a masked region these fetch content.
const SOURCES: [&str; 6] = ["src", "srcset", "href", "xlink:href", "poster", "background"];
/// Words in a `data-` attribute's or a query parameter's name that make its value a secret.
const SECRET_NAMES: [&str; 14] = [
    "token",
    "secret",
    "csrf",
    "xsrf",
    "auth",
    "session",
    "apikey",
    "api-key",
    "api_key",
    "password",
    "passwd",
    "jwt",
    "otp",
    "signature",
];

/// What a name alone decides. A page has few names and many attributes, so each is asked once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Name {
    /// As a tag: its attributes stay in the browser.
    bare: bool,
    /// As a tag: the attribute `value` is a field's.
    input: bool,
    field: bool,
    never: bool,
    secret: bool,
    source: bool,
    content: bool,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Kind {
    Class,
    Value,
    Address,
    #[default]
    Other,
}

impl Name {
    pub fn new(name: &str) -> Self {
        let is_data = name.starts_with("data-");
        Self {
            bare: BARE.contains(&name),
            input: name == "input",
            field: matches!(name, "input" | "textarea" | "select"),
            never: NEVER.contains(&name) || name.starts_with("on"),
            secret: is_data && has_secret_name(name),
            source: SOURCES.contains(&name),
            content: is_data || CONTENT.contains(&name),
            kind: match name {
                "class" => Kind::Class,
                "value" => Kind::Value,
                "href" | "cite" => Kind::Address,
                _ => Kind::Other,
            },
        }
    }

    /// As a tag: a form field, with a value.
    pub fn is_field(self) -> bool {
        self.field
    }
}

/// How an attribute leaves the browser; none: not at all. `field` is the secrecy of the element's value,
/// `masked` says that it lies in a masked region.
pub fn attribute<'a>(
    tag: Name,
    name: Name,
    value: &'a str,
    field: Option<Secrecy>,
    masked: bool,
    secrets: &Secrets,
) -> Option<Cow<'a, str>> {
    if tag.bare || name.never {
        return None;
    }
    if secrets.are_open() {
        return Some(value.into());
    }
    if name.secret {
        return None;
    }
    if name.kind == Kind::Value && tag.input {
        match field {
            Some(Secrecy::Hidden) => return None,
            Some(Secrecy::Password) => return Some(super::FIXED.into()),
            Some(Secrecy::Masked) => return Some(value_bullets(value).into()),
            Some(Secrecy::Open) | None => {}
        }
    }
    if masked && name.source {
        return None;
    }
    if masked && name.content {
        return Some(bullets(value).into());
    }
    match name.kind {
        Kind::Class => Some(value.into()),
        Kind::Address => Some(hide_in(scrub_url(value), secrets)),
        Kind::Value | Kind::Other => Some(secrets.hide(value)),
    }
}

fn hide_in<'a>(text: Cow<'a, str>, secrets: &Secrets) -> Cow<'a, str> {
    match text {
        Cow::Borrowed(text) => secrets.hide(text),
        Cow::Owned(text) => Cow::Owned(secrets.hide(&text).into_owned()),
    }
}

/// A URL without the values of query (and fragment) parameters that look like secrets.
pub fn scrub_url(url: &str) -> Cow<'_, str> {
    let is_separator = |c: char| matches!(c, '?' | '#' | '&' | ';');
    let mut out = String::new();
    let (mut changed, mut in_parameters) = (false, false);
    for part in url.split_inclusive(is_separator) {
        let bare = part.trim_end_matches(is_separator);
        match bare.split_once('=') {
            Some((name, value)) if in_parameters && !value.is_empty() && is_secret_parameter(name) => {
                changed = true;
                out.push_str(name);
                out.push('=');
                out.extend(part.chars().next_back().filter(|c| is_separator(*c)));
            }
            _ => out.push_str(part),
        }
        in_parameters |= part.ends_with(['?', '#']);
    }
    if changed { Cow::Owned(out) } else { Cow::Borrowed(url) }
}

fn is_secret_parameter(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    has_secret_name(&name)
        || ["code", "key", "sid", "pass", "pwd", "pin", "sig", "state"].contains(&name.as_str())
}

fn has_secret_name(name: &str) -> bool {
    SECRET_NAMES.iter().any(|secret| super::has(name, secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_looking_parameters_lose_their_values() {
        assert_eq!(scrub_url("/a?x=1&access_token=abc&y=2#code=7"), "/a?x=1&access_token=&y=2#code=");
        assert!(matches!(scrub_url("/a?x=1&color=red#top"), Cow::Borrowed(_)));
    }

    #[test]
    fn attributes_that_repeat_a_masked_value_are_masked() {
        let mut secrets = Secrets::default();
        secrets.note(3, "hunter22");
        let shown = |tag, name, value, field| {
            attribute(Name::new(tag), Name::new(name), value, field, false, &secrets).map(Cow::into_owned)
        };
        assert_eq!(
            shown("input", "value", "hunter22", Some(Secrecy::Password)).unwrap(),
            super::super::FIXED
        );
        assert_eq!(shown("div", "data-was", "hunter22", None).unwrap(), "••••••••");
        assert_eq!(shown("input", "value", "x", Some(Secrecy::Hidden)), None);
        assert_eq!(shown("div", "data-csrf-token", "x", None), None);
        assert_eq!(shown("meta", "content", "x", None), None);
        assert_eq!(shown("p", "onclick", "x()", None), None);
    }

    #[test]
    fn a_masked_region_shows_no_content_in_attributes() {
        let secrets = Secrets::default();
        let shown = |name, value| {
            attribute(Name::new("img"), Name::new(name), value, None, true, &secrets).map(Cow::into_owned)
        };
        assert_eq!(shown("alt", "my face").unwrap(), "•• ••••");
        assert_eq!(shown("src", "/me.png"), None);
        assert_eq!(shown("class", "round").unwrap(), "round");
    }
}
