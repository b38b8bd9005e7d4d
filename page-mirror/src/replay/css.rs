//! Style text that may fetch only what is listed.
//!
//! The text is read by the tokens of CSS Syntax Level 3, so that escapes and comments hide nothing: every
//! URL, wherever it stands (also in a custom property, for later use), is checked, and so are strings in
//! functions that take URLs as strings. A comment may say where relative URLs begin from there on ([`BASE`]): sheets
//! that others import have addresses of their own.
use std::borrow::Cow;

use super::urls::{Addresses, is_space};

/// Functions whose strings are URLs.
const URL_FUNCTIONS: [&str; 7] =
    ["url", "src", "image", "image-set", "-webkit-image-set", "cross-fade", "-webkit-cross-fade"];
/// What comes out in place of a URL that is not listed. Browsers do not fetch it.
const NOWHERE: &str = "about:invalid";
/// How a comment begins that names the base of the URLs behind it; without a URL it is the page's again.
const BASE: &str = "ringside-base ";
/// A name that no browser knows: what uses it is not valid and has no effect.
const NOTHING: &str = "ringside-nothing";

/// The style sheet, or declarations, with all other URLs replaced.
pub fn sanitise<'a>(text: &'a str, addresses: Addresses<'a>) -> Cow<'a, str> {
    if !text.contains(['\\', '@', '(']) {
        return Cow::Borrowed(text);
    }
    let mut pass = Pass {
        rest: text,
        out: String::with_capacity(text.len()),
        at: addresses,
        page: addresses.base,
        open: Vec::new(),
    };
    while pass.step() {}
    Cow::Owned(pass.out)
}

struct Pass<'a> {
    rest: &'a str,
    out: String,
    at: Addresses<'a>,
    /// The page's base.
    page: &'a str,
    /// What ends each open bracket, and whether strings in it are URLs.
    open: Vec<(char, bool)>,
}

impl<'a> Pass<'a> {
    fn step(&mut self) -> bool {
        let mut chars = self.rest.chars();
        let Some(c) = chars.next() else { return false };
        let after = chars.as_str();
        match c {
            '/' if after.starts_with('*') => {
                self.comment();
                self.out.push_str("/**/");
            }
            '"' | '\'' => {
                let start = self.rest;
                let text = self.string();
                let raw = &start[..start.len() - self.rest.len()];
                let kept =
                    if self.in_url_function() { self.at.style(&text) } else { Some(Cow::Borrowed(&*text)) };
                match kept {
                    None => self.put_string(NOWHERE),
                    // As it was written, unless it was left open.
                    Some(kept) if kept == text && raw.len() == text.len() + 2 && raw.ends_with(c) => {
                        self.out.push_str(raw);
                    }
                    Some(kept) => self.put_string(&kept),
                }
            }
            '@' => {
                self.rest = after;
                self.at_rule();
            }
            '(' | '[' | '{' => {
                let end = match c {
                    '(' => ')',
                    '[' => ']',
                    _ => '}',
                };
                self.open(end, false);
                self.copy(c, after);
            }
            // What ends another bracket than the last one ends nothing, as browsers read it.
            ')' | ']' | '}' => {
                self.open.pop_if(|(end, _)| *end == c);
                self.copy(c, after);
            }
            _ if starts_name(self.rest) => self.name_or_function(),
            _ => self.copy(c, after),
        }
        true
    }

    fn copy(&mut self, c: char, after: &'a str) {
        self.out.push(c);
        self.rest = after;
    }

    fn in_url_function(&self) -> bool {
        self.open.last().is_some_and(|(_, urls)| *urls)
    }

    /// Strings in it are URLs, or they are around it already.
    fn open(&mut self, end: char, urls: bool) {
        let urls = urls || self.in_url_function();
        self.open.push((end, urls));
    }

    fn name_or_function(&mut self) {
        let start = self.rest;
        let name = self.name();
        let raw = &start[..start.len() - self.rest.len()];
        let Some(after) = self.rest.strip_prefix('(') else {
            self.out.push_str(raw);
            return;
        };
        let name = name.to_ascii_lowercase();
        if name == "url" && !after.trim_start_matches(is_space).starts_with(['"', '\'']) {
            self.rest = after;
            let url = self.unquoted_url();
            self.out.push_str("url(");
            match self.at.style(&url) {
                Some(url) if url.bytes().all(|b| b.is_ascii_graphic() && !b"\"'()\\".contains(&b)) => {
                    self.out.push_str(&url);
                }
                Some(url) => self.put_string(&url),
                None => self.put_string(NOWHERE),
            }
            self.out.push(')');
            return;
        }
        let in_url_function = self.in_url_function();
        // What is substituted later cannot be checked now.
        let substituted = in_url_function && ["var", "env", "attr", "if", "inherit"].contains(&name.as_str());
        let unknown = substituted || (in_url_function && name.starts_with("--"));
        self.out.push_str(if unknown { NOTHING } else { raw });
        self.out.push('(');
        self.open(')', URL_FUNCTIONS.contains(&name.as_str()));
        self.rest = after;
    }

    /// Behind an `@`: `import` is followed by a URL or by nothing that has an effect.
    fn at_rule(&mut self) {
        if !starts_name(self.rest) {
            self.out.push('@');
            return;
        }
        let start = self.rest;
        let name = self.name();
        if !name.eq_ignore_ascii_case("import") {
            self.out.push('@');
            self.out.push_str(&start[..start.len() - self.rest.len()]);
            return;
        }
        self.skip_space();
        let url = match self.rest.chars().next() {
            Some('"' | '\'') => Some(self.string()),
            _ => self.url_function(),
        };
        match url.as_deref().and_then(|url| self.at.fetched(url)) {
            Some(url) => {
                self.out.push_str("@import url(");
                self.put_string(&url);
                self.out.push(')');
            }
            None => {
                self.out.push('@');
                self.out.push_str(NOTHING);
            }
        }
    }

    /// `url(...)` with or without quotes, read whole.
    fn url_function(&mut self) -> Option<String> {
        if !starts_name(self.rest) || !self.name().eq_ignore_ascii_case("url") {
            return None;
        }
        self.rest = self.rest.strip_prefix('(')?;
        let inside = self.rest.trim_start_matches(is_space);
        if !inside.starts_with(['"', '\'']) {
            return Some(self.unquoted_url());
        }
        self.rest = inside;
        let url = self.string();
        self.rest = self.rest.trim_start_matches(is_space);
        self.rest = self.rest.strip_prefix(')')?;
        Some(url)
    }

    fn skip_space(&mut self) {
        loop {
            self.rest = self.rest.trim_start_matches(is_space);
            if !self.rest.starts_with("/*") {
                return;
            }
            self.comment();
        }
    }

    /// Passes over a comment, which may say where URLs begin from here on.
    fn comment(&mut self) {
        let inside = &self.rest[2..];
        let (inside, rest) = inside.split_once("*/").unwrap_or((inside, ""));
        self.rest = rest;
        if let Some(base) = inside.strip_prefix(BASE) {
            self.at.base = if base.is_empty() { self.page } else { base };
        }
    }

    /// Up to the closing parenthesis. One that is not well formed comes out as such, and is not listed.
    fn unquoted_url(&mut self) -> String {
        self.rest = self.rest.trim_start_matches(is_space);
        let mut url = String::new();
        loop {
            let mut chars = self.rest.chars();
            let Some(c) = chars.next() else { return url };
            match c {
                ')' => {
                    self.rest = chars.as_str();
                    return url.trim_end_matches(is_space).to_owned();
                }
                '\\' => {
                    self.rest = chars.as_str();
                    url.push(self.escape());
                }
                _ => {
                    url.push(c);
                    self.rest = chars.as_str();
                }
            }
        }
    }

    /// Reads a string from its opening quote; it ends at its quote, an unescaped line end, or the end.
    fn string(&mut self) -> String {
        let mut chars = self.rest.chars();
        let quote = chars.next();
        self.rest = chars.as_str();
        let mut text = String::new();
        loop {
            let mut chars = self.rest.chars();
            match chars.next() {
                None | Some('\n' | '\r' | '\x0C') => return text,
                Some('\\') => {
                    self.rest = chars.as_str();
                    if self.rest.starts_with(['\n', '\r', '\x0C']) {
                        self.rest = self.rest.strip_prefix("\r\n").unwrap_or_else(|| &self.rest[1..]);
                    } else if !self.rest.is_empty() {
                        text.push(self.escape());
                    }
                }
                Some(c) => {
                    self.rest = chars.as_str();
                    if Some(c) == quote {
                        return text;
                    }
                    text.push(c);
                }
            }
        }
    }

    fn put_string(&mut self, text: &str) {
        self.out.push('"');
        for c in text.chars() {
            match c {
                '"' | '\\' => {
                    self.out.push('\\');
                    self.out.push(c);
                }
                c if c.is_control() => {
                    self.out.push_str(&format!("\\{:x} ", u32::from(c)));
                }
                c => self.out.push(c),
            }
        }
        self.out.push('"');
    }

    /// Reads a name and decodes its escapes.
    fn name(&mut self) -> String {
        let mut name = String::new();
        loop {
            let mut chars = self.rest.chars();
            match chars.next() {
                Some('\\') if !chars.as_str().starts_with(['\n', '\r', '\x0C']) => {
                    self.rest = chars.as_str();
                    name.push(self.escape());
                }
                Some(c) if is_name(c) => {
                    name.push(c);
                    self.rest = chars.as_str();
                }
                _ => return name,
            }
        }
    }

    /// Reads what follows a backslash.
    fn escape(&mut self) -> char {
        let hex = self.rest.bytes().take(6).take_while(u8::is_ascii_hexdigit).count();
        if hex == 0 {
            let mut chars = self.rest.chars();
            let c = chars.next().unwrap_or(char::REPLACEMENT_CHARACTER);
            self.rest = chars.as_str();
            return c;
        }
        let (digits, rest) = self.rest.split_at(hex);
        self.rest = rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix(is_space)).unwrap_or(rest);
        let code = u32::from_str_radix(digits, 16).unwrap_or(0);
        char::from_u32(code).filter(|c| *c != '\0').unwrap_or(char::REPLACEMENT_CHARACTER)
    }
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_') || !c.is_ascii()
}

/// A name begins here. Digits may begin one too: it does no harm to read `10px` as one.
fn starts_name(text: &str) -> bool {
    let mut chars = text.chars();
    match chars.next() {
        Some('\\') => !chars.as_str().is_empty() && !chars.as_str().starts_with(['\n', '\r', '\x0C']),
        Some(c) => is_name(c),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::{super::urls::Origins, *};

    #[test]
    fn listed_urls_stay_and_others_go_nowhere() {
        let cases = [
            ("a{background:url(https://ok.example/a.png)}", "a{background:url(https://ok.example/a.png)}"),
            ("a{background:url( 'https://evil.example' )}", "a{background:url( \"about:invalid\" )}"),
            ("a{background:u\\72l(https://evil.example)}", "a{background:url(\"about:invalid\")}"),
            ("@import 'https://evil.example';p{}", "@ringside-nothing;p{}"),
            ("@\\69mport/**/url(//evil.example);", "@ringside-nothing;"),
            (
                "@import url(https://ok.example/x.css) print;",
                "@import url(\"https://ok.example/x.css\") print;",
            ),
            ("a{--x:url(//evil)}", "a{--x:url(\"about:invalid\")}"),
            ("a{b:image-set('https://evil.example' 1x)}", "a{b:image-set(\"about:invalid\" 1x)}"),
            ("a{b:image-set(var(--x) 1x)}", "a{b:image-set(ringside-nothing(--x) 1x)}"),
            ("a{filter:url(#f)}", "a{filter:url(#f)}"),
            // Brackets within a function do not end it.
            ("a{b:image-set(x{;} 'https://evil.example')}", "a{b:image-set(x{;} \"about:invalid\")}"),
            ("a{b:image-set([)] 'https://evil.example')}", "a{b:image-set([)] \"about:invalid\")}"),
            ("a{b:image-set(1x)}c{d:'e'}", "a{b:image-set(1x)}c{d:'e'}"),
            ("p:not(.a)::after{content:\"(\"}", "p:not(.a)::after{content:\"(\"}"),
            (
                "a{src:url(ht/**/tps://evil.example)}",
                "a{src:url(https://ok.example/a/ht/**/tps://evil.example)}",
            ),
            ("a{b:url(https://evil.example", "a{b:url(\"about:invalid\")"),
            (
                "a{b:url(c.png),url('/d')}",
                "a{b:url(https://ok.example/a/c.png),url(\"https://ok.example/d\")}",
            ),
            ("@import 'x.css' print;", "@import url(\"https://ok.example/a/x.css\") print;"),
            (
                "/*ringside-base https://ok.example/s/t*/a{b:url(c)}/*ringside-base */a{b:url(c)}",
                "/**/a{b:url(https://ok.example/s/c)}/**/a{b:url(https://ok.example/a/c)}",
            ),
            ("/*ringside-base https://evil.example/*/a{b:url(c)}", "/**/a{b:url(\"about:invalid\")}"),
            ("/*ringside-base javascript:x/*/a{b:url(c)}", "/**/a{b:url(\"about:invalid\")}"),
            ("a{b:url(data:font/woff2,AA)}", "a{b:url(data:font/woff2,AA)}"),
        ];
        for (given, wanted) in cases {
            assert_eq!(sanitise(given, at()), wanted, "{given}");
        }
    }

    proptest! {
        #[test]
        fn no_text_keeps_a_foreign_url(
            parts in prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..14),
        ) {
            let text = parts.concat();
            let clean = sanitise(&text, at()).into_owned();
            // Whatever stands in a url() is listed; a second pass finds nothing to change.
            prop_assert_eq!(sanitise(&clean, at()), clean.as_str());
        }

        #[test]
        fn any_text_is_read_to_its_end(text in "\\PC{0,60}") {
            sanitise(&text, at());
        }
    }

    const PIECES: [&str; 22] = [
        "url(",
        "u\\72 l(",
        "'",
        "\"",
        ")",
        "https://evil.example/",
        "https://ok.example/",
        "\\",
        "\n",
        "@import ",
        "image-set(",
        "var(--x)",
        ";",
        "{",
        "}",
        "/*",
        "*/",
        " ",
        "a:b",
        "(",
        "/*ringside-base https://evil.example/*/",
        "x.png",
    ];

    fn at() -> Addresses<'static> {
        static OK: LazyLock<Origins> = LazyLock::new(|| Origins::new(["https://ok.example"]));
        Addresses { origins: &OK, base: "https://ok.example/a/b" }
    }
}
