//! What a replica may fetch: images, fonts and styles from listed origins, and data in the URL itself.
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

    /// The URL may be an image's.
    pub fn image(&self, url: &str) -> bool {
        starts_with_one(url, &DATA_IMAGES) || self.lists(url)
    }

    /// The URL may stand in a style sheet: a part of the page, an image, or a font.
    pub fn style(&self, url: &str) -> bool {
        url.starts_with('#') || starts_with_one(url, &DATA_FONTS) || self.image(url)
    }

    /// A `srcset` without the candidates that may not be fetched. URLs in it are absolute.
    pub fn srcset(&self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        loop {
            rest = rest.trim_start_matches([' ', '\t', '\n', '\r', '\x0C', ',']);
            if rest.is_empty() {
                return out;
            }
            let end = rest.find([' ', '\t', '\n', '\r', '\x0C']).unwrap_or(rest.len());
            let (url, after) = rest.split_at(end);
            let bare = url.trim_end_matches(',');
            let (descriptor, after) = match bare.len() == url.len() {
                true => after.split_once(',').unwrap_or((after, "")),
                false => ("", after),
            };
            rest = after;
            let descriptor = descriptor.trim();
            let plain = descriptor.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | ' '));
            if self.image(bare) && plain {
                if !out.is_empty() {
                    out.push_str(", ");
                }
                out.push_str(bare);
                if !descriptor.is_empty() {
                    out.push(' ');
                    out.push_str(descriptor);
                }
            }
        }
    }
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
    use super::*;

    #[test]
    fn only_plain_urls_of_listed_origins_are_fetched() {
        let origins =
            Origins::new(["https://shop.example", "http://127.0.0.1:8080", "junk", "http://[::1]:9"]);
        for url in [
            "https://shop.example/a.png",
            "https://shop.example",
            "https://shop.example:443/x?y#z",
            "http://127.0.0.1:8080/x",
            "http://[::1]:9/x",
            "data:image/png;base64,AA",
            "data:image/svg+xml,<svg/>",
        ] {
            assert!(origins.image(url), "{url}");
        }
        for url in [
            "https://evil.example/a.png",
            "//shop.example/a",
            "/a.png",
            "javascript:alert(1)",
            "https://shop.example@evil.example/",
            "https://shop.example\\@evil.example/",
            "https://shop.example.evil.example/",
            "https://SHOP.example/",
            "http://shop.example/",
            "https://shop.example:444/",
            " https://shop.example/",
            "https:/shop.example/",
            "blob:https://shop.example/1",
            "data:text/html,x",
            "data:image/svgx,x",
            "https://shop.exa\tmple/",
            "https://",
        ] {
            assert!(!origins.image(url), "{url}");
        }
    }

    #[test]
    fn a_srcset_loses_what_is_not_listed() {
        let origins = Origins::new(["https://a.example"]);
        let given =
            "https://a.example/1.png 1x, https://evil.example/2.png 2x,https://a.example/3.png, x.png 3x";
        assert_eq!(origins.srcset(given), "https://a.example/1.png 1x, https://a.example/3.png");
    }
}
