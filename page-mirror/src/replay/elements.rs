//! Which elements a replica holds. What is not listed stands there under a name that means nothing.
use crate::codec::namespace;

/// Stands for what is not shown, with its size and a label.
pub const BOX: &str = "ringside-box";
/// Stand for what plays: these are shown as pictures, and a browser that runs no scripts would add controls.
pub const VIDEO: &str = "ringside-video";
pub const AUDIO: &str = "ringside-audio";
/// A frame whose document is mirrored. Others are boxes.
pub const FRAME: &str = "iframe";
/// Stands for what has no picture on the page either (scripts, templates).
pub const HIDDEN: &str = "ringside-hidden";
/// Stands for elements that are not listed.
pub const OTHER: &str = "ringside-other";

const HTML: &[&str] = &[
    "a",
    "abbr",
    "acronym",
    "address",
    "area",
    "article",
    "aside",
    "b",
    "bdi",
    "bdo",
    "big",
    "blockquote",
    "body",
    "br",
    "button",
    "canvas",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "colgroup",
    "data",
    "datalist",
    "dd",
    "del",
    "details",
    "dfn",
    "dialog",
    "dir",
    "div",
    "dl",
    "dt",
    "em",
    "fieldset",
    "figcaption",
    "figure",
    "font",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hgroup",
    "hr",
    "html",
    "i",
    "img",
    "input",
    "ins",
    "kbd",
    "label",
    "legend",
    "li",
    "link",
    "main",
    "map",
    "mark",
    "menu",
    "meta",
    "meter",
    "nav",
    "nobr",
    "ol",
    "optgroup",
    "option",
    "output",
    "p",
    "picture",
    "pre",
    "progress",
    "q",
    "rb",
    "rp",
    "rt",
    "rtc",
    "ruby",
    "s",
    "samp",
    "search",
    "section",
    "select",
    "slot",
    "small",
    "source",
    "span",
    "strike",
    "strong",
    "style",
    "sub",
    "summary",
    "sup",
    "table",
    "tbody",
    "td",
    "textarea",
    "tfoot",
    "th",
    "thead",
    "time",
    "title",
    "tr",
    "tt",
    "u",
    "ul",
    "var",
    "wbr",
    "ringside-box",
    "ringside-hidden",
    "ringside-other",
    "selectedcontent",
];
const SVG: &[&str] = &[
    "svg",
    "g",
    "a",
    "path",
    "rect",
    "circle",
    "ellipse",
    "line",
    "polyline",
    "polygon",
    "text",
    "tspan",
    "textPath",
    "defs",
    "use",
    "symbol",
    "linearGradient",
    "radialGradient",
    "stop",
    "clipPath",
    "mask",
    "pattern",
    "image",
    "marker",
    "title",
    "desc",
    "filter",
    "foreignObject",
    "style",
    "switch",
    "view",
    "feBlend",
    "feColorMatrix",
    "feComponentTransfer",
    "feComposite",
    "feConvolveMatrix",
    "feDiffuseLighting",
    "feDisplacementMap",
    "feDistantLight",
    "feDropShadow",
    "feFlood",
    "feFuncA",
    "feFuncB",
    "feFuncG",
    "feFuncR",
    "feGaussianBlur",
    "feImage",
    "feMerge",
    "feMergeNode",
    "feMorphology",
    "feOffset",
    "fePointLight",
    "feSpecularLighting",
    "feSpotLight",
    "feTile",
    "feTurbulence",
    "altGlyph",
    "font",
    "glyph",
    "missing-glyph",
    "hkern",
    "vkern",
    "tref",
];
const MATHML: &[&str] = &[
    "math",
    "mrow",
    "mi",
    "mn",
    "mo",
    "ms",
    "mtext",
    "mspace",
    "mfrac",
    "msqrt",
    "mroot",
    "mstyle",
    "merror",
    "mpadded",
    "mphantom",
    "msub",
    "msup",
    "msubsup",
    "munder",
    "mover",
    "munderover",
    "mmultiscripts",
    "mprescripts",
    "mtable",
    "mtr",
    "mtd",
    "semantics",
    "annotation",
    "menclose",
    "mfenced",
];
/// Shown as a box: these would fetch or run something.
const BOXED: &[&str] = &["iframe", "frame", "frameset", "object", "embed", "applet", "portal", "fencedframe"];
const UNSEEN: &[&str] = &["script", "noscript", "template", "base", "track", "noembed"];

/// The name under which an element of the page stands in the replica.
pub fn element(name: &str, language: u32) -> &str {
    match language {
        namespace::SVG if SVG.contains(&name) => name,
        namespace::SVG => "g",
        namespace::MATHML if MATHML.contains(&name) => name,
        namespace::MATHML => "mrow",
        _ if name == "video" => VIDEO,
        _ if name == "audio" => AUDIO,
        _ if HTML.contains(&name) || is_custom(name) => name,
        _ if BOXED.contains(&name) => BOX,
        _ if UNSEEN.contains(&name) => HIDDEN,
        _ => OTHER,
    }
}

/// What a box says about what it stands for.
pub fn box_label(kind: &str) -> &'static str {
    match kind {
        "iframe" | "frame" | "frameset" | "portal" | "fencedframe" => "Embedded page, not shown",
        "block" => "Hidden from agents",
        "deep" => "Nested too deep to show",
        _ => "Not shown",
    }
}

/// A custom element: without scripts it is a plain box.
fn is_custom(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.contains('-')
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_or_fetches_is_not_made() {
        for name in
            ["script", "iframe", "object", "embed", "track", "base", "frame", "x\"y", "SCRIPT", "portal"]
        {
            assert!(element(name, namespace::HTML).starts_with("ringside-"), "{name}");
        }
        for name in ["script", "animate", "set", "animateTransform", "handler", "iframe", "audio"] {
            assert_eq!(element(name, namespace::SVG), "g", "{name}");
        }
        assert_eq!(element("maction", namespace::MATHML), "mrow");
        assert_eq!(element("my-card", namespace::HTML), "my-card");
        assert_eq!(element("p", namespace::HTML), "p");
    }
}
