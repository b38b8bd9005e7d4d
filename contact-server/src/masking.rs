//! What a business has masked beside what is always masked: how it is written at the setting, and how it goes to the
//! recorder ([`page_mirror::mask::rules`] says what each rule means).
//!
//! Selectors are taken by a list of what they may hold. A browser knows more of them; but what is refused here is told to
//! whoever sets it, and what a page can't apply masks everything there.
use anyhow::{Context as _, bail, ensure};
use store::Business;

/// Rules of one kind.
const RULES: usize = 64;
/// One rule.
const RULE_BYTES: usize = 200;
/// Selectors within selectors: `:not(:is(a))` is two.
const LEVELS: usize = 3;
/// Names, attributes and pseudo-classes of one selector.
const PARTS: usize = 24;
/// Without an argument.
const PSEUDO_CLASSES: [&str; 20] = [
    "root",
    "empty",
    "first-child",
    "last-child",
    "only-child",
    "first-of-type",
    "last-of-type",
    "only-of-type",
    "checked",
    "disabled",
    "enabled",
    "required",
    "optional",
    "read-only",
    "read-write",
    "link",
    "any-link",
    "open",
    "modal",
    "defined",
];
/// With selectors in parentheses.
const OF_SELECTORS: [&str; 4] = ["not", "is", "where", "has"];
/// With a place in parentheses, such as `2n+1`.
const OF_PLACES: [&str; 4] = ["nth-child", "nth-last-child", "nth-of-type", "nth-last-of-type"];

/// What the recorder is told, `mask_strict` and `mask_off` aside.
pub fn rules(business: &Business) -> Vec<String> {
    let masking = &business.masking;
    let kinds = [
        ("!u ", &masking.unmask_selectors),
        ("!b ", &masking.block_selectors),
        ("!t ", &masking.texts),
        ("!p ", &masking.hidden_pages),
        ("!s ", &masking.strict_pages),
    ];
    let marked =
        kinds.into_iter().flat_map(|(mark, list)| list.iter().map(move |rule| format!("{mark}{rule}")));
    business.mask_selectors.iter().cloned().chain(marked).collect()
}

/// Selectors between commas.
pub fn selectors(text: &str) -> anyhow::Result<Vec<String>> {
    let mut parser = Parser { rest: text.trim(), parts: 0 };
    let mut selectors = Vec::new();
    while !parser.rest.is_empty() {
        let start = parser.rest;
        parser.parts = 0;
        parser
            .complex(0)
            .with_context(|| format!("`{text}` is no list of selectors that can be used here"))?;
        let selector = start[..start.len() - parser.rest.len()].trim();
        selectors.push(selector.to_owned());
        ensure!(
            parser.take(',') != parser.rest.is_empty(),
            "`{text}` ends with a comma, or goes on without one"
        );
    }
    bounded(selectors)
}

/// Patterns of texts between commas.
pub fn texts(text: &str) -> anyhow::Result<Vec<String>> {
    let patterns = items(text);
    for pattern in &patterns {
        let told = pattern.chars().filter(|c| !matches!(c, '*' | ' ')).count();
        ensure!(told >= 3, "`{pattern}` would mask too much: give at least three letters, digits, # or @");
        ensure!(!pattern.chars().any(char::is_control), "`{pattern}` holds a control character");
    }
    bounded(patterns)
}

/// Patterns of addresses between commas.
pub fn pages(text: &str) -> anyhow::Result<Vec<String>> {
    let patterns = items(text);
    for pattern in &patterns {
        let is_address =
            pattern.starts_with('/') || pattern.starts_with("https://") || pattern.starts_with("http://");
        ensure!(
            is_address,
            "`{pattern}` is no page: it begins with / or https://, and * stands for anything"
        );
        let is_plain = |c: char| !c.is_whitespace() && !c.is_control() && !matches!(c, '%' | '#');
        ensure!(
            pattern.chars().all(is_plain),
            "`{pattern}` holds a space, % or #: addresses are compared without escapes"
        );
    }
    bounded(patterns)
}

fn items(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

fn bounded(rules: Vec<String>) -> anyhow::Result<Vec<String>> {
    ensure!(rules.len() <= RULES, "there may be {RULES} rules of a kind, not {}", rules.len());
    if let Some(long) = rules.iter().find(|rule| rule.len() > RULE_BYTES) {
        bail!("a rule has at most {RULE_BYTES} bytes, `{long}` has {}", long.len());
    }
    Ok(rules)
}

struct Parser<'a> {
    rest: &'a str,
    parts: usize,
}

impl<'a> Parser<'a> {
    fn take(&mut self, wanted: char) -> bool {
        let rest = self.rest.strip_prefix(wanted);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n']);
    }

    /// Compounds with what stands between them, up to a comma, a closing parenthesis or the end.
    fn complex(&mut self, level: usize) -> anyhow::Result<()> {
        self.space();
        loop {
            self.compound(level)?;
            self.space();
            if self.rest.is_empty() || self.rest.starts_with([',', ')']) {
                return Ok(());
            }
            if ['>', '+', '~'].into_iter().any(|sign| self.take(sign)) {
                self.space();
            }
        }
    }

    fn compound(&mut self, level: usize) -> anyhow::Result<()> {
        let start = self.rest.len();
        if !self.take('*') && self.starts_name() {
            self.name()?;
        }
        loop {
            match self.rest.chars().next() {
                Some('.' | '#') => {
                    self.rest = &self.rest[1..];
                    self.name()?;
                }
                Some('[') => self.attribute()?,
                Some(':') => self.pseudo_class(level)?,
                _ => break,
            }
            self.parts += 1;
            ensure!(self.parts <= PARTS, "a selector has at most {PARTS} parts");
        }
        ensure!(self.rest.len() < start, "`{}` begins no selector", self.rest);
        Ok(())
    }

    fn starts_name(&self) -> bool {
        self.rest.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '-' | '_') || !c.is_ascii())
    }

    fn name(&mut self) -> anyhow::Result<&'a str> {
        ensure!(self.starts_name(), "`{}` begins no name", self.rest);
        let is_name = |c: char| {
            c.is_ascii_alphanumeric() || matches!(c, '-' | '_') || (!c.is_ascii() && c.is_alphanumeric())
        };
        let end = self.rest.find(|c| !is_name(c)).unwrap_or(self.rest.len());
        ensure!(end > 0, "`{}` begins no name", self.rest);
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest;
        Ok(name)
    }

    /// `[name]`, `[name=value]` and the like, `[name="value" i]`.
    fn attribute(&mut self) -> anyhow::Result<()> {
        self.take('[');
        self.name()?;
        let sign =
            ["~=", "|=", "^=", "$=", "*=", "="].into_iter().find_map(|sign| self.rest.strip_prefix(sign));
        if let Some(rest) = sign {
            self.rest = rest;
            self.value()?;
            self.space();
            self.rest = self.rest.strip_prefix(['i', 's']).unwrap_or(self.rest);
        }
        ensure!(self.take(']'), "`{}` does not end an attribute", self.rest);
        Ok(())
    }

    fn value(&mut self) -> anyhow::Result<()> {
        let quote = self.rest.chars().next().filter(|c| matches!(c, '"' | '\''));
        let Some(quote) = quote else { return self.name().map(drop) };
        let (text, rest) = self.rest[1..].split_once(quote).context("a text has no end")?;
        let is_plain = |c: char| !c.is_control() && c != '\\';
        ensure!(text.chars().all(is_plain), "a text holds a backslash or a control character");
        self.rest = rest;
        Ok(())
    }

    fn pseudo_class(&mut self, level: usize) -> anyhow::Result<()> {
        self.take(':');
        let name = self.name()?;
        if !self.take('(') {
            ensure!(PSEUDO_CLASSES.contains(&name), "`:{name}` cannot be used here");
            return Ok(());
        }
        if OF_PLACES.contains(&name) {
            let (place, rest) = self.rest.split_once(')').context("a parenthesis has no end")?;
            let is_place = |c: char| c.is_ascii_digit() || matches!(c, 'n' | '+' | '-' | ' ');
            let is_named = matches!(place.trim(), "odd" | "even");
            ensure!(!place.is_empty() && (is_named || place.chars().all(is_place)), "`{place}` is no place");
            self.rest = rest;
            return Ok(());
        }
        ensure!(OF_SELECTORS.contains(&name), "`:{name}(…)` cannot be used here");
        ensure!(level < LEVELS, "selectors stand in selectors {LEVELS} times at most");
        loop {
            self.space();
            // What is below, or beside.
            let _ = name == "has" && ['>', '+', '~'].into_iter().any(|sign| self.take(sign));
            self.complex(level + 1)?;
            if !self.take(',') {
                break;
            }
        }
        ensure!(self.take(')'), "a parenthesis has no end");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use page_mirror::mask::rules::{BLOCK, MASK, Rules, Shade, TEXT, UNMASK, is_closed};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn selectors_of_shops_are_taken_and_kept_apart() {
        let text = ".account, #iban > span:not(.open, [data-x=\"a,b\" i]) , [name^='card'] ~ *, li:nth-child(2n+1) a:has(> img)";
        let taken = selectors(text).unwrap();
        assert_eq!(taken.len(), 4, "{taken:?}");
        assert_eq!(taken[1], "#iban > span:not(.open, [data-x=\"a,b\" i])");
        assert!(taken.iter().all(|selector| is_closed(selector)));
        assert!(selectors("").unwrap().is_empty());
        assert_eq!(selectors(&taken.join(",")).unwrap(), taken, "what is shown can be set");
    }

    #[test]
    fn hostile_selectors_are_refused() {
        for text in [
            "a /*",
            ".a[b",
            "[b=\"c]",
            ":is(a",
            "a\\",
            "a{}",
            "a;b",
            "a))",
            "::before",
            "a::slotted(b)",
            ":hover(x",
            "!b a",
            "a,,b",
            "a,",
            ",a",
            "> a",
            ".",
            "#",
            "[]",
            ".1a",
            "a:visited",
            ":host(a)",
            ":not()",
            ":not(:not(:not(:not(a))))",
            "[a='x\\27']",
            "a\u{0}",
            "a > > b",
            ":nth-child(a)",
            "[a=\"\n\"]",
        ] {
            assert!(selectors(text).is_err(), "{text}");
        }
        assert!(selectors(&"a ".repeat(300)).is_err(), "too long");
        assert!(selectors(&".a".repeat(PARTS + 1)).is_err(), "too many parts");
        assert!(selectors(&vec![".a"; RULES + 1].join(",")).is_err(), "too many");
    }

    #[test]
    fn texts_and_pages_say_what_they_mean() {
        assert_eq!(texts("K-######, Erika Muster*").unwrap(), ["K-######", "Erika Muster*"]);
        assert!(texts("*").is_err() && texts("a*").is_err() && texts("ab\u{7}c").is_err());
        assert_eq!(pages("/pay*, https://a.test/me").unwrap(), ["/pay*", "https://a.test/me"]);
        assert!(
            pages("pay").is_err()
                && pages("/a%20b").is_err()
                && pages("/a#b").is_err()
                && pages("javascript:1").is_err()
        );
    }

    #[test]
    fn the_recorder_reads_what_it_is_told() {
        let mut business = crate::sites::tests::business("key");
        business.mask_selectors = selectors(".a").unwrap();
        business.masking.unmask_selectors = selectors(".b").unwrap();
        business.masking.block_selectors = selectors(".c").unwrap();
        business.masking.texts = texts("K-###").unwrap();
        business.masking.hidden_pages = pages("/pay*").unwrap();
        business.masking.strict_pages = pages("/me").unwrap();
        let rules = Rules::new(rules(&business));
        assert!(rules.of(MASK).eq([".a"]) && rules.of(UNMASK).eq([".b"]) && rules.of(BLOCK).eq([".c"]));
        assert!(rules.of(TEXT).eq(["K-###"]));
        assert_eq!(rules.shade("https://shop.example/pay/now"), Shade::Hidden);
        assert_eq!(rules.shade("https://shop.example/me"), Shade::Masked);
    }

    proptest! {
        #[test]
        fn any_text_is_refused_or_closed(text in "[a-c.#:()\\[\\]=\"'>+~*, \\\\/{};!n0-9\\PC]{0,40}") {
            if let Ok(taken) = selectors(&text) {
                prop_assert!(taken.iter().all(|selector| is_closed(selector) && !selector.starts_with('!')), "{:?}", taken);
            }
        }
    }
}
