//! What a replica may fetch: images, fonts and styles from listed origins, and data in the URL itself.
use std::borrow::Cow;

use crate::limits;

/// Origins of a business, such as `https://shop.example` or `http://127.0.0.1:8080`.
#[derive(Debug, Default, Clone)]
pub struct Origins(Vec<String>);

const DATA_IMAGES: [&str; 9] = [
    "data:image/png",
    "data:image/jpeg",
    "data:image/jpg",
    "data:image/gif",
    "data:image/webp",
    "data:image/avif",
    "data:image/svg+xml",
    "data:image/x-icon",
    "data:image/bmp",
];
const DATA_FONTS: [&str; 7] = [
    "data:font/",
    "data:application/font-woff",
    "data:application/x-font-woff",
    "data:application/font-ttf",
    "data:application/x-font-ttf",
    "data:application/vnd.ms-fontobject",
    "data:application/x-font-opentype",
];

impl Origins {
    /// Entries that are no origins are left out.
    pub fn new<'a>(origins: impl IntoIterator<Item = &'a str>) -> Self {
        Self(origins.into_iter().filter_map(origin).take(limits::ORIGINS).collect())
    }

    /// The URL is of a listed origin.
    pub fn lists(&self, url: &str) -> bool {
        origin(url).is_some_and(|origin| self.0.contains(&origin))
    }
}

/// What addresses in a part of the page mean: which origins may be fetched from, and where relative ones begin. The page
/// sends them as they are written there.
#[derive(Debug, Clone, Copy)]
pub struct Addresses<'a> {
    pub origins: &'a Origins,
    /// An absolute URL; or nothing, and then only absolute ones mean anything.
    pub base: &'a str,
}

impl Addresses<'_> {
    /// The URL to fetch, absolute, if it may be fetched.
    pub fn fetched<'u>(&self, url: &'u str) -> Option<Cow<'u, str>> {
        absolute(url, self.base).filter(|url| self.origins.lists(url))
    }

    /// The URL, if it may be an image's.
    pub fn image<'u>(&self, url: &'u str) -> Option<Cow<'u, str>> {
        if starts_with_one(url.trim_start_matches(is_space), &DATA_IMAGES) {
            return Some(url.trim_matches(is_space).into());
        }
        self.fetched(url)
    }

    /// The URL, if it may stand in a style sheet: a part of the page, an image, or a font.
    pub fn style<'u>(&self, url: &'u str) -> Option<Cow<'u, str>> {
        let is_local = url.starts_with('#') || starts_with_one(url, &DATA_FONTS);
        if is_local { Some(url.into()) } else { self.image(url) }
    }

    /// A `srcset` without the candidates that may not be fetched.
    pub fn srcset(&self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        loop {
            rest = rest.trim_start_matches(|c| is_space(c) || c == ',');
            if rest.is_empty() {
                return out;
            }
            let (url, after) = rest.split_at(rest.find(is_space).unwrap_or(rest.len()));
            let bare = url.trim_end_matches(',');
            let (descriptor, after) = match bare.len() == url.len() {
                true => after.split_once(',').unwrap_or((after, "")),
                false => ("", after),
            };
            rest = after;
            let descriptor = descriptor.trim();
            let plain = descriptor.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | ' '));
            if let Some(url) = self.image(bare).filter(|_| plain) {
                if !out.is_empty() {
                    out.push_str(", ");
                }
                out.push_str(&url);
                if !descriptor.is_empty() {
                    out.push(' ');
                    out.push_str(descriptor);
                }
            }
        }
    }
}

/// As HTML and CSS mean it.
pub(super) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0C')
}

/// What `url` means beside `base`, for `http(s)` alone: a browser reads the outcome as it reads `url` there. Dots in the
/// path are left to it.
pub(super) fn absolute<'u>(url: &'u str, base: &str) -> Option<Cow<'u, str>> {
    let trimmed = url.trim_matches(|c: char| c <= ' ');
    let odd = |c: char| matches!(c, '\t' | '\n' | '\r' | '\\' | ' ');
    let url: Cow<'u, str> = if trimmed.contains(odd) { plain(trimmed).into() } else { trimmed.into() };
    if let Some((scheme, after)) = split_scheme(&url) {
        // As they are mostly written; a browser takes capitals for small letters.
        if matches!(scheme, "http" | "https") && origin(&url).is_some() {
            return Some(url);
        }
        let scheme = scheme.to_ascii_lowercase();
        let (authority, rest) = split_authority(after.strip_prefix("//")?);
        return Some(format!("{scheme}://{}{rest}", authority.to_ascii_lowercase()).into());
    }
    let (scheme, after) = split_scheme(base)?;
    let (authority, rest) = split_authority(after.strip_prefix("//")?);
    if let Some(url) = url.strip_prefix("//") {
        let (authority, rest) = split_authority(url);
        return Some(format!("{scheme}://{}{rest}", authority.to_ascii_lowercase()).into());
    }
    let path = &rest[..rest.find(['?', '#']).unwrap_or(rest.len())];
    let kept = match url.chars().next() {
        Some('/') => "",
        Some('?') => path,
        Some('#') => &rest[..rest.find('#').unwrap_or(rest.len())],
        Some(_) => &path[..path.rfind('/').map_or(0, |at| at + 1)],
        // Nothing is fetched by an empty one.
        None => return None,
    };
    let slash = if kept.is_empty() && !url.starts_with('/') { "/" } else { "" };
    Some(format!("{scheme}://{authority}{kept}{slash}{url}").into())
}

/// Without what browsers pass over, and with what they put in place of backslashes and spaces. A backslash in a query is
/// left, and such a URL is not fetched.
fn plain(url: &str) -> String {
    let mut out = String::with_capacity(url.len() + 8);
    let mut in_path = true;
    for c in url.chars() {
        in_path &= !matches!(c, '?' | '#');
        match c {
            '\t' | '\n' | '\r' => {}
            '\\' if in_path => out.push('/'),
            ' ' => out.push_str("%20"),
            c => out.push(c),
        }
    }
    out
}

fn split_scheme(url: &str) -> Option<(&str, &str)> {
    let (scheme, after) = url.split_once(':')?;
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    is_scheme.then_some((scheme, after))
}

fn split_authority(after: &str) -> (&str, &str) {
    after.split_at(after.find(['/', '?', '#']).unwrap_or(after.len()))
}

fn starts_with_one(url: &str, prefixes: &[&str]) -> bool {
    prefixes.iter().any(|prefix| {
        url.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
            && (prefix.ends_with('/') || matches!(url.as_bytes().get(prefix.len()), Some(b';' | b',')))
    })
}

/// The origin of an absolute `http(s)` URL that is written plainly. Whatever a browser might read in another
/// way (backslashes, spaces, user names, upper case or escapes in the host) has none.
fn origin(url: &str) -> Option<String> {
    if url.bytes().any(|b| b <= b' ' || b == b'\\' || b == 0x7F) {
        return None;
    }
    let (scheme, rest) = url.split_once("://")?;
    let default_port = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => return None,
    };
    let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    let authority = authority.strip_suffix(default_port).unwrap_or(authority);
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-' | b':');
    let inside =
        authority.strip_prefix('[').map_or(authority, |rest| rest.trim_start_matches(is_hex_or_colon));
    let host_is_plain = match authority.starts_with('[') {
        true => inside.strip_prefix(']').is_some_and(|port| port.bytes().all(plain)),
        false => !authority.is_empty() && authority.bytes().all(plain) && !authority.starts_with(':'),
    };
    host_is_plain.then(|| format!("{scheme}://{authority}"))
}

fn is_hex_or_colon(c: char) -> bool {
    c.is_ascii_hexdigit() || c == ':'
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_plain_urls_of_listed_origins_are_fetched() {
        let origins =
            Origins::new(["https://shop.example", "http://127.0.0.1:8080", "junk", "http://[::1]:9"]);
        let of = Addresses { origins: &origins, base: "https://other.example/a/b?c" };
        for url in [
            "https://shop.example/a.png",
            "https://shop.example",
            "https://shop.example:443/x?y#z",
            "http://127.0.0.1:8080/x",
            "http://[::1]:9/x",
            "data:image/png;base64,AA",
            "data:image/svg+xml,<svg/>",
        ] {
            assert_eq!(of.image(url).as_deref(), Some(url));
        }
        for url in [
            "https://evil.example/a.png",
            "//evil.example/a",
            "/a.png",
            "javascript:alert(1)",
            "https://shop.example@evil.example/",
            "https://shop.example@evil.example\\/",
            "https://shop.example.evil.example/",
            "http://shop.example/",
            "https://shop.example:444/",
            "https:/shop.example/",
            "blob:https://shop.example/1",
            "data:text/html,x",
            "data:image/svgx,x",
            "\\\\evil.example/a",
            "https:shop.example/",
            "https://shop.example%2fevil.example",
            "https://",
        ] {
            assert_eq!(of.image(url), None, "{url}");
        }
    }

    #[test]
    fn a_srcset_loses_what_is_not_listed() {
        let origins = Origins::new(["https://a.example"]);
        let given =
            "https://a.example/1.png 1x, https://evil.example/2.png 2x,https://a.example/3.png, x.png 3x";
        let of = Addresses { origins: &origins, base: "" };
        assert_eq!(of.srcset(given), "https://a.example/1.png 1x, https://a.example/3.png");
        let of = Addresses { base: "https://a.example/b/c", ..of };
        assert_eq!(of.srcset("1.png 1x,/2.png"), "https://a.example/b/1.png 1x, https://a.example/2.png");
    }

    #[test]
    fn relative_addresses_mean_what_they_mean_on_the_page() {
        let base = "https://shop.example/a/b?c=d/e#f";
        for (given, wanted) in [
            ("x.png", "https://shop.example/a/x.png"),
            ("./x.png", "https://shop.example/a/./x.png"),
            ("../../x.png", "https://shop.example/a/../../x.png"),
            ("/x.png", "https://shop.example/x.png"),
            ("//cdn.example/x", "https://cdn.example/x"),
            ("?q", "https://shop.example/a/b?q"),
            ("#q", "https://shop.example/a/b?c=d/e#q"),
            (" a b\n.png ", "https://shop.example/a/a%20b.png"),
            ("a\\b?c", "https://shop.example/a/a/b?c"),
            ("HTTPS://Shop.Example/X", "https://shop.example/X"),
            ("a:b", "a:b"),
        ] {
            let made = absolute(given, base).unwrap_or_else(|| given.into());
            assert_eq!(made, wanted, "{given}");
        }
        assert_eq!(absolute("x", "https://shop.example").as_deref(), Some("https://shop.example/x"));
        assert_eq!(absolute("x", ""), None);
        assert_eq!(absolute("", base), None);
    }

    proptest! {
        /// Whatever is fetched, a browser takes for an address of a listed origin, and for the one that the page means.
        #[test]
        fn a_browser_reads_the_same(
            parts in prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..8),
            base in prop::sample::select(vec!["https://ok.example/a/b/c?d#e", "https://ok.example", "", "blob:x"]),
        ) {
            let origins = Origins::new(["https://ok.example"]);
            let text = parts.concat();
            if let Some(made) = (Addresses { origins: &origins, base }).fetched(&text) {
                let read = url::Url::parse(&made).expect("a listed address is one");
                prop_assert_eq!(read.origin().ascii_serialization(), "https://ok.example");
                let base = url::Url::parse(base).ok();
                let meant = url::Url::options().base_url(base.as_ref()).parse(&text);
                prop_assert_eq!(Ok(read), meant);
            }
        }
    }

    const PIECES: [&str; 22] = [
        "https://ok.example",
        "https:",
        "HTTPS://",
        "ok.example",
        "evil.example",
        "//",
        "/",
        "\\",
        "@",
        ":",
        "?",
        "#",
        ".",
        "..",
        "%2e",
        " ",
        "\t",
        "é",
        "x",
        "[::1]",
        ":443",
        "blob:",
    ];
}
