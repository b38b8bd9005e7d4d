//! What is served as it is: written by hand, embedded, no folder is read at run time.

/// A file as it is served.
pub(crate) struct File {
    pub(crate) path: &'static str,
    pub(crate) mime: &'static str,
    pub(crate) bytes: &'static [u8],
}

pub(crate) const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";
const TEXT: &str = "text/plain; charset=utf-8";

macro_rules! site {
    ($($mime:ident $path:literal),+ $(,)?) => {
        &[$(File { path: $path, mime: $mime, bytes: include_bytes!(concat!("../site", $path)) }),+]
    };
}

pub(crate) const FILES: &[File] = site![
    CSS "/shop.css",
    JS "/shop.js",
    TEXT "/robots.txt",
    SVG "/favicon.svg",
    SVG "/img/hero.svg",
    SVG "/img/workshop.svg",
    SVG "/img/enamel-kettle.svg",
    SVG "/img/enamel-mugs.svg",
    SVG "/img/log-carrier.svg",
    SVG "/img/oak-bench.svg",
    SVG "/img/pine-stool.svg",
    SVG "/img/rope-doormat.svg",
    SVG "/img/storm-lantern.svg",
    SVG "/img/wool-blanket.svg",
];

/// The project's colours, spaces and type, which the shop's own style sheet builds on.
pub(crate) const TOKENS: File =
    File { path: "/tokens.css", mime: CSS, bytes: include_bytes!("../../style/tokens.css") };
