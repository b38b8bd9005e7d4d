//! Which attributes a replica holds, and what becomes of their values.
use std::borrow::Cow;

use super::{css, elements, look, queries::Prefs, urls::Addresses};
use crate::codec::namespace;

/// What is done with an attribute, decided once for a shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    Drop,
    /// Text without an effect of its own.
    Plain,
    /// Text that a browser may read as CSS: URLs in it are checked.
    Style,
    Image,
    Srcset,
    /// A link: it is one, and leads nowhere.
    Link,
    /// A reference within the page.
    Local,
    /// The address of a style sheet.
    Sheet,
    /// What kind of `link`: a style sheet, or nothing.
    Relation,
    InputType,
    /// A media query, asked of the customer's browser where it is about the customer.
    Media,
    /// A popover: when it shows is told apart.
    Popover,
    /// Width and height of a labelled box.
    Size,
    /// What a labelled box stands for.
    Kind,
    /// Where relative addresses begin in the document of a frame.
    Base,
}

/// Attributes of HTML that have no effect beyond how the element looks.
const PLAIN: &[&str] = &[
    "abbr",
    "align",
    "alink",
    "alt",
    "autocapitalize",
    "axis",
    "bgcolor",
    "border",
    "cellpadding",
    "cellspacing",
    "char",
    "checked",
    "class",
    "clear",
    "color",
    "cols",
    "colspan",
    "compact",
    "contenteditable",
    "coords",
    "datetime",
    "default",
    "dir",
    "dirname",
    "disabled",
    "draggable",
    "enterkeyhint",
    "exportparts",
    "face",
    "for",
    "form",
    "frame",
    "frameborder",
    "headers",
    "height",
    "hidden",
    "high",
    "hspace",
    "id",
    "indeterminate",
    "inert",
    "inputmode",
    "ismap",
    "itemid",
    "itemprop",
    "itemref",
    "itemscope",
    "itemtype",
    "kind",
    "label",
    "lang",
    "link",
    "list",
    "low",
    "marginheight",
    "marginwidth",
    "max",
    "maxlength",
    "min",
    "minlength",
    "multiple",
    "name",
    "noshade",
    "nowrap",
    "open",
    "optimum",
    "part",
    "placeholder",
    "property",
    "readonly",
    "required",
    "rev",
    "reversed",
    "role",
    "rows",
    "rowspan",
    "rules",
    "scope",
    "scrolling",
    "selected",
    "shape",
    "size",
    "sizes",
    "slot",
    "span",
    "spellcheck",
    "start",
    "step",
    "summary",
    "tabindex",
    "text",
    "title",
    "translate",
    "usemap",
    "valign",
    "value",
    "valuetype",
    "vlink",
    "vspace",
    "width",
    "wrap",
    "xml:lang",
];
/// Names with a hyphen that do have an effect. (`pattern` is left out of those above: a browser would run it, and a hostile
/// one takes for ever.)
const NEVER: &[&str] = &["accept-charset", "http-equiv"];

/// What becomes of attribute `name` on element `tag` (as the page has it).
pub fn rule(tag: &str, language: u32, name: &str) -> Rule {
    let lower = name.to_ascii_lowercase();
    if !is_plain_name(name) || lower.starts_with("on") || NEVER.contains(&lower.as_str()) {
        return Rule::Drop;
    }
    if tag == elements::BOX {
        match name {
            "data-size" => return Rule::Size,
            "data-kind" => return Rule::Kind,
            _ => {}
        }
    }
    if tag == elements::FRAME && language == namespace::HTML {
        match name {
            "data-base" => return Rule::Base,
            // It would give a window a name.
            "name" => return Rule::Drop,
            _ => {}
        }
    }
    match lower.as_str() {
        "style" => return Rule::Style,
        "href" | "xlink:href" => return link(tag, language),
        "src" if language == namespace::HTML && matches!(tag, "img" | "input") => return Rule::Image,
        // It shows what it would play; nothing is played.
        "controls" if matches!(tag, "video" | "audio") => return Rule::Plain,
        "poster" if language == namespace::HTML && tag == "video" => return Rule::Image,
        "srcset" if language == namespace::HTML && matches!(tag, "img" | "source") => return Rule::Srcset,
        "background"
            if language == namespace::HTML && matches!(tag, "body" | "table" | "td" | "th" | "tr") =>
        {
            return Rule::Image;
        }
        "rel" if tag == "link" && language == namespace::HTML => return Rule::Relation,
        "type" => {
            return match tag {
                "input" => Rule::InputType,
                "button" | "ol" | "ul" | "li" => Rule::Plain,
                _ => Rule::Drop,
            };
        }
        "src" | "srcset" | "background" | "rel" | "is" => return Rule::Drop,
        "media" if language == namespace::HTML => return Rule::Media,
        "popover" if language == namespace::HTML => return Rule::Popover,
        // These are set by the replica alone.
        _ if lower.starts_with("ringside-") => return Rule::Drop,
        _ => {}
    }
    if lower.starts_with("data-") || lower.starts_with("aria-") {
        return Rule::Plain;
    }
    if language != namespace::HTML {
        // Presentation attributes are CSS; nothing that animates or links is there to give the others power.
        return if lower.contains(':') { Rule::Drop } else { Rule::Style };
    }
    // No attribute of HTML that has an effect is written with these, but for the ones above.
    let of_a_framework = lower.contains(['-', '_', '.']);
    if PLAIN.contains(&lower.as_str()) || of_a_framework { Rule::Plain } else { Rule::Drop }
}

fn link(tag: &str, language: u32) -> Rule {
    match (language, tag) {
        (namespace::HTML, "a" | "area") | (namespace::SVG, "a") => Rule::Link,
        (namespace::HTML, "link") => Rule::Sheet,
        (namespace::SVG, "image" | "feImage") => Rule::Image,
        (namespace::SVG, _) => Rule::Local,
        _ => Rule::Drop,
    }
}

/// The value that the replica gets; none: the attribute is left out.
pub fn value<'a>(rule: Rule, value: &'a str, at: Addresses<'a>, prefs: Prefs) -> Option<Cow<'a, str>> {
    match rule {
        Rule::Drop | Rule::Size | Rule::Base => None,
        Rule::Plain => Some(Cow::Borrowed(value)),
        Rule::Style => Some(css::sanitise(value, at)),
        Rule::Image => at.image(value),
        Rule::Srcset => Some(at.srcset(value)).filter(|kept| !kept.is_empty()).map(Cow::Owned),
        Rule::Link => Some(Cow::Borrowed("#")),
        Rule::Local => value.starts_with('#').then_some(Cow::Borrowed(value)),
        Rule::Sheet => at.fetched(value),
        Rule::Relation => value.eq_ignore_ascii_case("stylesheet").then_some(Cow::Borrowed("stylesheet")),
        // A browser would offer the agent's own passwords, and let files be chosen.
        Rule::InputType if value.eq_ignore_ascii_case("password") || value.eq_ignore_ascii_case("file") => {
            Some(Cow::Borrowed("text"))
        }
        Rule::InputType => {
            value.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-').then_some(Cow::Borrowed(value))
        }
        Rule::Media => Some(Cow::Owned(look::media(value, prefs))),
        // An automatic one would close others, which the page did not.
        Rule::Popover => Some(Cow::Borrowed("manual")),
        Rule::Kind => Some(Cow::Borrowed(elements::box_label(value))),
    }
}

/// Width and height of a box, in CSS pixels, written `300x150`.
pub fn size(value: &str) -> Option<(u32, u32)> {
    const LARGEST: u32 = 100_000;
    let (width, height) = value.split_once('x')?;
    let number = |text: &str| text.parse::<u32>().ok().filter(|number| *number <= LARGEST);
    Some((number(width)?, number(height)?))
}

/// The name under which a replica has the attribute.
pub fn name(name: &str) -> &str {
    match name {
        "xlink:href" => "href",
        "data-kind" => "data-label",
        other => other,
    }
}

/// A name that every browser takes in `setAttribute`.
fn is_plain_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':'))
}

#[cfg(test)]
mod tests {
    use super::{super::urls::Origins, *};

    #[test]
    fn attributes_that_run_fetch_or_lead_away_are_left_out() {
        for (tag, name) in [
            ("p", "onclick"),
            ("body", "ONLOAD"),
            ("form", "action"),
            ("button", "formaction"),
            ("a", "target"),
            ("a", "ping"),
            ("iframe", "srcdoc"),
            ("iframe", "src"),
            ("script", "src"),
            ("meta", "http-equiv"),
            ("meta", "content"),
            ("video", "src"),
            ("video", "autoplay"),
            ("audio", "src"),
            ("source", "src"),
            ("iframe", "name"),
            ("iframe", "allow"),
            ("object", "data"),
            ("input", "autofocus"),
            ("div", "is"),
            ("link", "as"),
            ("img", "loading"),
            ("p", "x\"y"),
            ("base", "href"),
            ("html", "manifest"),
            ("input", "pattern"),
        ] {
            assert_eq!(rule(tag, namespace::HTML, name), Rule::Drop, "{tag} {name}");
        }
        assert_eq!(rule("use", namespace::SVG, "xlink:href"), Rule::Local);
        assert_eq!(rule("rect", namespace::SVG, "fill"), Rule::Style);
        assert_eq!(rule("p", namespace::HTML, "ringside-hover"), Rule::Drop, "the page cannot pretend");
        assert_eq!(rule("rect", namespace::SVG, "RINGSIDE-focus"), Rule::Drop);
        assert_eq!(rule("p", namespace::HTML, "_ngcontent-abc"), Rule::Plain);
    }

    #[test]
    fn values_are_changed_to_what_is_safe() {
        let origins = Origins::new(["https://ok.example"]);
        let at = Addresses { origins: &origins, base: "https://ok.example/a/" };
        let of = |rule, text| value(rule, text, at, Prefs::default()).map(Cow::into_owned);
        assert_eq!(of(Rule::Image, "b.png").unwrap(), "https://ok.example/a/b.png");
        assert_eq!(of(Rule::Sheet, "../b.css").unwrap(), "https://ok.example/a/../b.css");
        assert_eq!(of(Rule::Link, "javascript:alert(1)").unwrap(), "#");
        assert_eq!(of(Rule::Local, "https://evil.example/x.svg#a"), None);
        assert_eq!(of(Rule::InputType, "password").unwrap(), "text");
        assert_eq!(of(Rule::Relation, "preload"), None);
        assert_eq!(of(Rule::Sheet, "data:text/css,p{}"), None);
        assert_eq!(of(Rule::Style, "fill:url(//evil)").unwrap(), "fill:url(\"about:invalid\")");
        assert_eq!(size("300x150"), Some((300, 150)));
        assert_eq!(size("300x99999999999"), None);
    }
}
