//! What no page could be made to send: names, languages, states and sections that only a forged frame has.
use page_mirror::codec::{Section, namespace};

use super::{
    forge::{self, Forger, Tree, element},
    payloads::{Payload, Spelling},
};

type Attributes = &'static [(&'static str, &'static str)];

/// Elements by tag, language and attributes; `TRAP` and `RUN` as in the files.
const ELEMENTS: [(&str, &str, u32, Attributes); 25] = [
    (
        "name that answers for the document",
        "img",
        namespace::HTML,
        &[("name", "adoptedStyleSheets"), ("id", "styleSheets")],
    ),
    ("script of another case", "SCRIPT", namespace::HTML, &[("src", "TRAP")]),
    ("script among pictures", "script", namespace::SVG, &[("href", "TRAP"), ("xlink:href", "TRAP/2")]),
    ("script among formulas", "script", namespace::MATHML, &[("src", "TRAP")]),
    ("script by a prefix", "svg:script", namespace::HTML, &[("href", "TRAP")]),
    (
        "frame of another case",
        "iFrame",
        namespace::HTML,
        &[("src", "TRAP"), ("srcdoc", "<script>parent.RUN</script>")],
    ),
    ("frame among pictures", "iframe", namespace::SVG, &[("src", "TRAP"), ("href", "TRAP/2")]),
    (
        "events of every spelling",
        "img",
        namespace::HTML,
        &[("ONERROR", "RUN"), ("onError", "RUN"), ("onerror", "RUN"), ("src", "x")],
    ),
    (
        "event with a space",
        "img",
        namespace::HTML,
        &[("onerror ", "RUN"), (" onerror", "RUN"), ("x onerror", "RUN"), ("src", "x")],
    ),
    (
        "event by a prefix",
        "img",
        namespace::HTML,
        &[("xml:onerror", "RUN"), ("_onerror", "RUN"), ("src", "x")],
    ),
    ("source of another case", "img", namespace::HTML, &[("SRC", "TRAP"), ("SrcSet", "TRAP/2 1x")]),
    ("picture of another name", "image", namespace::HTML, &[("src", "TRAP"), ("href", "TRAP/2")]),
    (
        "sources in the wrong language",
        "image",
        namespace::SVG,
        &[("src", "TRAP"), ("HREF", "TRAP/2"), ("srcset", "TRAP/3 1x")],
    ),
    ("filter of another case", "feimage", namespace::SVG, &[("href", "TRAP")]),
    (
        "link of an own relation",
        "link",
        namespace::HTML,
        &[
            ("rel", "STYLESHEET"),
            ("href", "TRAP"),
            ("HREF", "TRAP/2"),
            ("imagesrcset", "TRAP/3 1x"),
            ("as", "image"),
        ],
    ),
    (
        "refresh of another case",
        "meta",
        namespace::HTML,
        &[("HTTP-EQUIV", "refresh"), ("content", "0;url=TRAP"), ("CONTENT", "0;url=TRAP/2")],
    ),
    ("base of another case", "BASE", namespace::HTML, &[("href", "TRAP/"), ("target", "_top")]),
    (
        "style attribute of another case",
        "p",
        namespace::HTML,
        &[("STYLE", "background:url(TRAP)"), ("Style", "background:url(TRAP/2)")],
    ),
    (
        "link of another case",
        "a",
        namespace::HTML,
        &[("HREF", "javascript:RUN"), ("XLINK:href", "javascript:RUN"), ("target", "_top"), ("ping", "TRAP")],
    ),
    (
        "input that is a picture",
        "input",
        namespace::HTML,
        &[("type", "image"), ("src", "TRAP"), ("TYPE", "password"), ("formaction", "TRAP/2")],
    ),
    (
        "input that opens files",
        "input",
        namespace::HTML,
        &[("type", "file"), ("webkitdirectory", ""), ("capture", "user"), ("autofocus", "")],
    ),
    (
        "slow pattern",
        "input",
        namespace::HTML,
        &[
            ("pattern", "(([a-z])+.)+[A-Z]([a-z])+$"),
            ("PATTERN", "(([a-z])+.)+[A-Z]([a-z])+$"),
            ("value", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
            ("required", ""),
        ],
    ),
    (
        "box of its own making",
        "ringside-box",
        namespace::HTML,
        &[
            ("data-kind", "<img src=TRAP onerror=RUN>"),
            ("data-label", "<script>RUN</script>"),
            ("data-size", "100000x100000"),
            ("style", "background:url(TRAP)"),
        ],
    ),
    (
        "marks of its own making",
        "p",
        namespace::HTML,
        &[
            ("ringside-hover", ""),
            ("RINGSIDE-fullscreen", ""),
            ("data-replica-overlay", ""),
            ("popover", "auto"),
            ("open", ""),
        ],
    ),
    (
        "presentation in the wrong language",
        "mi",
        namespace::MATHML,
        &[("fill", "url(TRAP)"), ("href", "TRAP"), ("background", "TRAP/2"), ("src", "TRAP/3")],
    ),
];
/// Attributes that are set once elements are there, whatever the elements are.
pub(crate) const AFTERWARDS: [(&str, &str); 12] = [
    ("src", "TRAP"),
    ("srcset", "TRAP/2 1x"),
    ("href", "javascript:RUN"),
    ("xlink:href", "TRAP/3"),
    ("style", "background:url(TRAP/4)"),
    ("onclick", "RUN"),
    ("onerror", "RUN"),
    ("rel", "stylesheet"),
    ("type", "file"),
    ("background", "TRAP/5"),
    ("fill", "url(TRAP/6#x)"),
    ("data-size", "9x9"),
];

/// Each element as a payload of its own, with a program as its text.
pub(crate) fn elements(spelling: Spelling<'_>) -> Vec<(Payload, Tree)> {
    let all = ELEMENTS.iter().enumerate().map(|(at, (name, tag, language, attributes))| {
        let id = format!("frames-{at}");
        let spelt: Vec<(&str, String)> =
            attributes.iter().map(|(name, value)| (*name, spelling.spell(&id, value))).collect();
        let spelt: Vec<(&str, &str)> = spelt.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let text = vec![Tree::Text(spelling.run(&id))];
        let tree = element(tag, *language, &spelt, text);
        (Payload { id, name, markup: String::new() }, tree)
    });
    all.collect()
}

/// A patch that sets attributes on every element, one after the other; and one that brings sheets, a title and states.
pub(crate) fn patches(forger: &mut Forger, spelling: Spelling<'_>) -> Vec<Vec<u8>> {
    let elements = forger.elements.clone();
    let mut patches = Vec::new();
    for (name, value) in AFTERWARDS {
        let value = spelling.spell("frames-after", value);
        let changes: Vec<_> = elements.iter().map(|(id, _)| (*id, name, value.as_str())).collect();
        patches.push(forger.attributes(&changes));
    }
    let styles: Vec<(u32, String)> = elements
        .iter()
        .filter(|(_, tag)| tag == "style")
        .map(|(id, _)| (*id, spelling.spell("frames-style", "@import 'TRAP';*{background:url(TRAP/2)}")))
        .collect();
    patches.push(forge::strings_of(Section::Styles, &styles));
    let sheet = spelling.spell("frames-sheet", "@import 'TRAP';*{background:image-set('TRAP/2' 1x)}");
    patches.push([forge::strings_of(Section::Sheets, &[(0, sheet)]), forge::adopted(&[0])].concat());
    let title = spelling.spell("frames-title", "</title><script>RUN</script><img src=TRAP onerror=RUN>");
    patches.push(forge::page(&spelling.spell("frames-title", "javascript:RUN//"), &title));
    patches
}
