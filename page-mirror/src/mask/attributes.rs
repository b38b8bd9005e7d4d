//! Which attributes leave the browser, and how.
use std::borrow::Cow;

use super::{Secrets, bullets, fields::Secrecy, is_one_of, value_bullets};

/// Elements whose attributes mean nothing to a replica, or are secrets (tokens in `meta`).
const BARE: &str = "meta script base noscript template";
/// Attributes that a replica never needs.
const NEVER: &str = "nonce integrity srcdoc action formaction ping http-equiv autofocus target formtarget";
/// In a masked region these show content.
const CONTENT: &str = "title alt placeholder value label summary content aria-label aria-valuetext \
    aria-valuenow aria-description aria-placeholder datetime";
/// In a masked region these fetch content, draw it, or tell what was chosen.
const SOURCES: &str = "src srcset href xlink:href poster background d points checked selected";
/// With these a style shows more than how something looks.
const IN_STYLES: &[u8] = b"(\"'\\";
/// Words in a `data-` attribute's or a query parameter's name that make its value a secret.
const SECRET_NAMES: &str = "token secret csrf xsrf auth session apikey api-key api_key password passwd jwt otp \
    signature";

/// What a name alone decides. A page has few names and many attributes, so each is asked once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Name {
    /// As a tag: its attributes stay in the browser.
    bare: bool,
    /// As a tag: the attribute `value` is a field's.
    input: bool,
    /// As a tag: what it fetches is style, and no content.
    sheet: bool,
    /// As a tag: a labelled box, which says what it stands for.
    boxed: bool,
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
    Style,
    Value,
    Address,
    #[default]
    Other,
}

impl Name {
    pub fn new(name: &str) -> Self {
        let is_data = name.starts_with("data-");
        Self {
            bare: is_one_of(name, BARE),
            input: name == "input",
            sheet: name == "link",
            boxed: name == "ringside-box",
            field: matches!(name, "input" | "textarea" | "select"),
            never: is_one_of(name, NEVER) || name.starts_with("on"),
            secret: is_data && has_secret_name(name),
            source: is_one_of(name, SOURCES),
            content: is_data || is_one_of(name, CONTENT),
            kind: match name {
                "class" => Kind::Class,
                "style" => Kind::Style,
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
    let is_drawn = || name.kind == Kind::Style && value.bytes().any(|byte| IN_STYLES.contains(&byte));
    if masked && (name.source && !tag.sheet || is_drawn()) {
        return None;
    }
    if masked && name.content && !tag.boxed {
        return Some(bullets(value).into());
    }
    match name.kind {
        Kind::Class | Kind::Style => Some(secrets.hide_in_style(value)),
        Kind::Address => Some(scrub_url(value, secrets)),
        Kind::Value | Kind::Other => Some(secrets.hide(value)),
    }
}

/// A URL without the values of query (and fragment) parameters that look like secrets, and without what `secrets` hides.
pub fn scrub_url<'a>(url: &'a str, secrets: &Secrets) -> Cow<'a, str> {
    let mut out = String::new();
    // Up to `done`, all is written.
    let (mut done, mut in_parameters) = (0, false);
    let may_tell = secrets.may_hide(url);
    if !may_tell && !url.as_bytes().contains(&b'=') {
        return Cow::Borrowed(url);
    }
    let mut rest = url;
    while !rest.is_empty() {
        let (bare, separator, behind) = split(rest, |byte| matches!(byte, b'?' | b'#' | b'&' | b';' | b'/'));
        let end = url.len() - rest.len() + bare.len();
        rest = behind;
        let (mut name, mut value) = ("", bare);
        if in_parameters && let (before, "=", behind) = split(bare, |byte| byte == b'=') {
            (name, value) = (before, behind);
        }
        // A name may be what was typed as well.
        if may_tell && tells(name, secrets) {
            (name, value) = ("", bare);
        }
        let is_secret = !name.is_empty() && is_secret_parameter(name);
        if !value.is_empty() && (is_secret || may_tell && tells(value, secrets)) {
            out.push_str(url.get(done..end - value.len()).unwrap_or_default());
            done = end;
        }
        in_parameters |= matches!(separator, "?" | "#");
    }
    if done == 0 {
        return Cow::Borrowed(url);
    }
    out.push_str(url.get(done..).unwrap_or_default());
    Cow::Owned(out)
}

/// What stands before the first ASCII character that is wanted, the character, and what stands behind it.
fn split(text: &str, is_wanted: impl Fn(u8) -> bool) -> (&str, &str, &str) {
    let at = text.bytes().position(is_wanted);
    let parts = at.and_then(|at| Some((text.get(..at)?, text.get(at..at + 1)?, text.get(at + 1..)?)));
    parts.unwrap_or((text, "", ""))
}

/// A part of a URL holds what is masked, as it is or as browsers write it there.
fn tells(part: &str, secrets: &Secrets) -> bool {
    let spaced = part.replace('+', " ");
    matches!(secrets.hide(&super::rules::unescaped(&spaced)), Cow::Owned(_))
}

fn is_secret_parameter(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    has_secret_name(&name) || is_one_of(&name, "code key sid pass pwd pin sig state")
}

fn has_secret_name(name: &str) -> bool {
    super::has_one_of(name.as_bytes(), SECRET_NAMES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_looking_parameters_lose_their_values() {
        let mut secrets = Secrets::default();
        let scrubbed = |url, secrets: &Secrets| scrub_url(url, secrets).into_owned();
        assert_eq!(
            scrubbed("/a?x=1&access_token=abc&y=2#code=7", &secrets),
            "/a?x=1&access_token=&y=2#code="
        );
        assert!(matches!(scrub_url("/a?x=1&color=red#top", &secrets), Cow::Borrowed(_)));
        secrets.note(7, "two words");
        assert_eq!(scrubbed("/a?q=two+words&r=tw%6f%20words#two%20words", &secrets), "/a?q=&r=#");
        assert_eq!(scrubbed("/a?two+words=1&b=2", &secrets), "/a?&b=2");
        assert_eq!(scrubbed("/cards/4242%204242-4242+4242/x", &secrets), "/cards//x");
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
        assert_eq!(shown("style", "color:red").unwrap(), "color:red");
        assert_eq!(shown("style", "background:url(/me.png)"), None);
        assert_eq!(shown("d", "M0 0L9 9"), None, "a drawn signature");
        let sheet = attribute(Name::new("link"), Name::new("href"), "/a.css", None, true, &secrets);
        assert_eq!(sheet.unwrap(), "/a.css");
        let kind =
            attribute(Name::new("ringside-box"), Name::new("data-kind"), "block", None, true, &secrets);
        assert_eq!(kind.unwrap(), "block");
    }
}
