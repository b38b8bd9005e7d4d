//! How style text looks for somebody else: what the customer points at is told by attributes in a replica, and media
//! queries about the customer are answered for the customer.
//!
//! Nothing here is about safety: [`super::css`] reads the result and has the last word. It reads each byte at most twice.
use std::borrow::Cow;

use super::queries::{self, Prefs};
use crate::codec::close::is_state;

/// Pseudo-classes that a replica does not have of itself, and what stands for them: of the same specificity.
const MARKS: [(&str, &str); 10] = [
    ("hover", "[ringside-hover]"),
    ("active", "[ringside-active]"),
    ("focus", "[ringside-focus]"),
    ("focus-within", "[ringside-focus-within]"),
    ("focus-visible", "[ringside-focus-visible]"),
    ("target", "[ringside-target]"),
    ("fullscreen", "[ringside-fullscreen]"),
    ("defined", ":not([ringside-undefined])"),
    ("user-invalid", "[ringside-user-invalid]"),
    ("user-valid", "[ringside-user-valid]"),
];
/// Elements that stand there under another name.
const TAGS: [(&str, &str); 2] = [("video", super::elements::VIDEO), ("audio", super::elements::AUDIO)];
/// The selection of a replica is a highlight of this name.
const SELECTION: &str = "::highlight(ringside-selection)";
/// Those that are about the customer are shorter, in bytes.
const LONGEST_FEATURE: usize = 80;
/// Media features that are always, and never, true.
const TRUE: &str = "(min-width:0)";
const FALSE: &str = "(max-width:0)";

/// A style sheet's text.
pub fn sheet(text: &str, prefs: Prefs) -> Cow<'_, str> {
    if !text.contains([':', '@']) {
        return Cow::Borrowed(text);
    }
    let mut pass = Pass { text, at: 0, copied: 0, out: String::new(), prefs };
    while pass.at < text.len() {
        pass.statement();
    }
    pass.finish()
}

/// A list of media queries.
pub fn media(text: &str, prefs: Prefs) -> String {
    let mut pass = Pass { text, at: 0, copied: 0, out: String::new(), prefs };
    while pass.at < text.len() {
        pass.media(text.len());
    }
    pass.finish().into_owned()
}

struct Pass<'a> {
    text: &'a str,
    /// Always at the beginning of a character.
    at: usize,
    /// What lies before stands in `out`.
    copied: usize,
    out: String,
    prefs: Prefs,
}

impl<'a> Pass<'a> {
    fn finish(mut self) -> Cow<'a, str> {
        if self.copied == 0 {
            return Cow::Borrowed(self.text);
        }
        self.out.push_str(&self.text[self.copied..]);
        Cow::Owned(self.out)
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    /// What stands before the next `{`, `}` or `;`, with that.
    fn statement(&mut self) {
        while self.byte(self.at).is_some_and(|byte| byte.is_ascii_whitespace()) || self.is_comment(self.at) {
            self.at = self.skip(self.at);
        }
        let start = self.at;
        let end = self.end(start);
        let is_prelude = self.byte(end) == Some(b'{');
        if self.byte(start) == Some(b'@') {
            let name = self.name(start + 1);
            self.at = start + 1 + name.len();
            match name.to_ascii_lowercase().as_str() {
                "media" | "import" => self.media(end),
                "scope" => self.selector(end),
                _ => {}
            }
        } else if is_prelude && !self.text[start..].starts_with("--") {
            self.selector(end);
        }
        self.at = (end + 1).min(self.text.len());
    }

    /// Where a statement ends: outside of strings, comments and brackets.
    fn end(&self, start: usize) -> usize {
        let (mut at, mut depth) = (start, 0u32);
        while let Some(byte) = self.byte(at) {
            match byte {
                b'(' | b'[' => depth += 1,
                b')' | b']' => depth = depth.saturating_sub(1),
                b'{' | b'}' | b';' if depth == 0 => return at,
                _ => {}
            }
            at = self.skip(at);
        }
        self.text.len()
    }

    fn is_comment(&self, at: usize) -> bool {
        self.byte(at) == Some(b'/') && self.byte(at + 1) == Some(b'*')
    }

    /// Behind a comment, a string, an escape, an address without quotes, or one character.
    fn skip(&self, at: usize) -> usize {
        let rest = &self.text[at..];
        let mut chars = rest.chars();
        let length = match chars.next() {
            Some('/') if rest.starts_with("/*") => rest[2..].find("*/").map_or(rest.len(), |end| end + 4),
            Some(quote @ ('"' | '\'')) => string_length(rest, quote),
            Some('\\') => 1 + chars.next().map_or(0, char::len_utf8),
            Some('u' | 'U') if is_url(rest) => rest.find(')').unwrap_or(rest.len()),
            Some(c) => c.len_utf8(),
            None => 1,
        };
        at + length
    }

    fn name(&self, at: usize) -> &'a str {
        let rest = &self.text[at.min(self.text.len())..];
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        &rest[..rest.find(|c| !is_name(c)).unwrap_or(rest.len())]
    }

    /// Puts `with` in place of the bytes from `at` to `end`.
    fn replace(&mut self, end: usize, with: &str) {
        self.out.push_str(&self.text[self.copied..self.at]);
        self.out.push_str(with);
        (self.at, self.copied) = (end, end);
    }

    fn selector(&mut self, end: usize) {
        let mut in_brackets = false;
        while self.at < end {
            match self.byte(self.at) {
                Some(b':') => self.pseudo(),
                Some(b'v' | b'V' | b'a' | b'A') if !in_brackets => self.tag(),
                byte => {
                    in_brackets = byte == Some(b'[') || (in_brackets && byte != Some(b']'));
                    self.at = self.skip(self.at);
                }
            }
        }
    }

    /// A name that begins here, or goes on.
    fn tag(&mut self) {
        let before = self.at.checked_sub(1).and_then(|at| self.byte(at));
        let begins = before.is_none_or(|byte| byte.is_ascii_whitespace() || b",>+~(|{}/;".contains(&byte));
        let name = self.name(self.at);
        let after = self.at + name.len();
        let is_whole =
            begins && self.byte(after).is_none_or(|byte| byte.is_ascii() && !b"\\(".contains(&byte));
        match TAGS.iter().find(|(tag, _)| is_whole && name.eq_ignore_ascii_case(tag)) {
            Some((_, with)) => self.replace(after, with),
            None => self.at = after,
        }
    }

    fn pseudo(&mut self) {
        let colons = if self.byte(self.at + 1) == Some(b':') { 2 } else { 1 };
        let name = self.name(self.at + colons);
        let after = self.at + colons + name.len();
        // A longer name goes on with an escape or a character beyond ASCII; a function is something else.
        let is_whole = self.byte(after).is_none_or(|byte| byte.is_ascii() && !b"\\(".contains(&byte));
        if colons == 1
            && name.eq_ignore_ascii_case("state")
            && let Some((end, state)) = self.argument(after)
        {
            return self.replace(end, &format!("[ringside-state~={state}]"));
        }
        let mark = MARKS.iter().find(|(mark, _)| is_whole && colons == 1 && name.eq_ignore_ascii_case(mark));
        match mark {
            Some((_, with)) => self.replace(after, with),
            None if is_whole && colons == 2 && name.eq_ignore_ascii_case("selection") => {
                self.replace(after, SELECTION);
            }
            None => self.at = after.max(self.at + 1),
        }
    }

    /// The name of a state in parentheses, and where they end.
    fn argument(&self, at: usize) -> Option<(usize, &'a str)> {
        let inside = self.text[at..].strip_prefix('(')?;
        let length = inside.bytes().take(LONGEST_FEATURE).position(|byte| byte == b')')?;
        let state = inside[..length].trim_matches(|c: char| c.is_ascii_whitespace());
        // One that begins with a digit is no name; after a hyphen it may be none.
        let is_name = is_state(state) && !state.starts_with(|c: char| c.is_ascii_digit() || c == '-');
        is_name.then_some((at + length + 2, state))
    }

    fn media(&mut self, end: usize) {
        while self.at < end {
            let feature = if self.byte(self.at) == Some(b'(') { self.feature() } else { None };
            match feature {
                Some((after, is_true)) => self.replace(after, if is_true { TRUE } else { FALSE }),
                None => self.at = self.skip(self.at),
            }
        }
    }

    /// A feature in parentheses, if it is about the customer: where it ends, and whether it is true.
    fn feature(&self) -> Option<(usize, bool)> {
        let inside = &self.text[self.at + 1..];
        let length = inside.bytes().take(LONGEST_FEATURE).position(|byte| byte == b')')?;
        let after = self.at + 1 + length + 1;
        let (name, value) = match inside[..length].split_once(':') {
            Some((name, value)) => (name.trim(), value.trim()),
            None => (inside[..length].trim(), ""),
        };
        let is_true = queries::answer(&name.to_ascii_lowercase(), &value.to_ascii_lowercase(), self.prefs)?;
        Some((after, is_true))
    }
}

/// `url(` without a quote behind it.
fn is_url(rest: &str) -> bool {
    rest.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("url("))
        && !rest[4..].trim_start().starts_with(['"', '\''])
}

/// Up to its closing quote, the line's end, or the text's.
fn string_length(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if c == quote {
            return at + c.len_utf8();
        } else if c == '\n' {
            return at;
        } else {
            escaped = c == '\\';
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::codec::prefs;

    #[test]
    fn selectors_are_rewritten_and_nothing_else() {
        for (given, wanted) in [
            ("a:hover{}", "a[ringside-hover]{}"),
            ("a:HOVER,b:not(:focus)>c{}", "a[ringside-hover],b:not([ringside-focus])>c{}"),
            ("a:focus-within b:focus-visible{}", "a[ringside-focus-within] b[ringside-focus-visible]{}"),
            ("p{color:red;a:hover{x:y}}", "p{color:red;a[ringside-hover]{x:y}}"),
            ("p{&:active{x:y}}", "p{&[ringside-active]{x:y}}"),
            ("p{a:hover;b:focus}", "p{a:hover;b:focus}"),
            ("p{--x:hover;--y:{a:hover}}", "p{--x:hover;--y:{a:hover}}"),
            ("x:hoverable{} x:hov\\65r{} .a\\:hover{}", "x:hoverable{} x:hov\\65r{} .a\\:hover{}"),
            ("[a=':hover']{}", "[a=':hover']{}"),
            ("/*;*/ a/*{*/:hover{}", "/*;*/ a/*{*/[ringside-hover]{}"),
            ("p::selection{}", "p::highlight(ringside-selection){}"),
            ("x:state(on):STATE( a-b ){}", "x[ringside-state~=on][ringside-state~=a-b]{}"),
            (":host(:state(on)) p{}", ":host([ringside-state~=on]) p{}"),
            (
                "x:state(\\6f){} x:state(){} x:state(1){} x:state(",
                "x:state(\\6f){} x:state(){} x:state(1){} x:state(",
            ),
            ("x:not(:defined){}", "x:not(:not([ringside-undefined])){}"),
            ("@scope (a:hover) to (b){}", "@scope (a[ringside-hover]) to (b){}"),
            ("@supports selector(a:hover){}", "@supports selector(a:hover){}"),
            ("@layer a;b:target{}", "@layer a;b[ringside-target]{}"),
            ("a{b:url(x;y{z:hover)}c:hover{}", "a{b:url(x;y{z:hover)}c[ringside-hover]{}"),
            ("a:hover", "a:hover"),
            ("video,p>VIDEO:hover{}", "ringside-video,p>ringside-video[ringside-hover]{}"),
            (
                ".video #audio [video] [ audio ] my-video videos{}",
                ".video #audio [video] [ audio ] my-video videos{}",
            ),
            ("p{video{a:b}audio.x{a:b}}", "p{ringside-video{a:b}ringside-audio.x{a:b}}"),
            ("a{animation:video}", "a{animation:video}"),
        ] {
            assert_eq!(sheet(given, Prefs::default()), wanted, "{given}");
        }
    }

    #[test]
    fn media_queries_are_answered_for_the_customer() {
        let phone = Prefs { bits: prefs::DARK | prefs::COARSE_POINTER, ratio: 300 };
        for (given, plain, on_phone) in [
            (
                "@media (hover:hover){a:hover{}}",
                "@media (min-width:0){a[ringside-hover]{}}",
                "@media (max-width:0){a[ringside-hover]{}}",
            ),
            (
                "@media not all and ( prefers-color-scheme : DARK ){}",
                "@media not all and (max-width:0){}",
                "@media not all and (min-width:0){}",
            ),
            (
                "@media (pointer:coarse) and (min-width:9px){}",
                "@media (max-width:0) and (min-width:9px){}",
                "@media (min-width:0) and (min-width:9px){}",
            ),
            ("@import 'x' (any-hover);", "@import 'x' (min-width:0);", "@import 'x' (max-width:0);"),
            ("@media print{}", "@media print{}", "@media print{}"),
            (
                "@media (min-resolution:2dppx),(-webkit-max-device-pixel-ratio:2.5){}",
                "@media (min-resolution:2dppx),(-webkit-max-device-pixel-ratio:2.5){}",
                "@media (min-width:0),(max-width:0){}",
            ),
            ("@media (resolution:288dpi){}", "@media (resolution:288dpi){}", "@media (min-width:0){}"),
            ("@media (min-resolution:2){}", "@media (min-resolution:2){}", "@media (min-resolution:2){}"),
        ] {
            assert_eq!(sheet(given, Prefs::default()), plain, "{given}");
            assert_eq!(sheet(given, phone), on_phone, "{given}");
        }
        assert_eq!(media("(prefers-color-scheme: light), print", phone), "(max-width:0), print");
        assert_eq!(media("(", phone), "(");
    }

    #[test]
    fn hostile_text_takes_time_in_proportion_to_its_length() {
        for piece in ["(;:hover", "[;", "a:hover", ":state(", "@media(", "\\", "'", "/*", "url(", "--x:{"] {
            let text = piece.repeat(200_000);
            assert!(!sheet(&text, Prefs::default()).is_empty());
            assert!(!media(&text, Prefs::default()).is_empty());
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_to_its_end(
            parts in prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..16), tail in "\\PC{0,9}",
        ) {
            let text = parts.concat() + &tail;
            let once = sheet(&text, Prefs::default()).into_owned();
            prop_assert_eq!(sheet(&once, Prefs::default()), once.as_str());
            media(&text, Prefs::default());
        }
    }

    const PIECES: [&str; 18] = [
        ":hover",
        "::selection",
        "a",
        "{",
        "}",
        ";",
        "(",
        ")",
        "'",
        "\"",
        "\\",
        "/*",
        "*/",
        "@media ",
        "(hover)",
        "url(",
        "é",
        "--x:",
    ];
}
