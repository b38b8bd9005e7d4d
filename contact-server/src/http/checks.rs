//! What a page says, held to its bounds. The text stays as it is: whoever shows it, shows it as text.
use shared::{
    api::{PageView, WrapUp},
    limits::{
        CONTEXT_BYTES, NOTE_CHARS, ORDER_LINES, TITLE_CHARS, TRAIL_PAGES, URL_BYTES, WRAP_UP_NOTES_CHARS,
    },
};
use store::Business;

use crate::{
    limits,
    problem::{ApiError, Code},
};

/// Free text of at most `most` characters, without control characters but line ends; None if blank.
pub fn text(field: &'static str, text: Option<&str>, most: usize) -> Result<Option<String>, ApiError> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    if text.chars().count() > most {
        return Err(ApiError::invalid(
            field,
            Code::TooLong,
            format!("At most {most} characters fit. Shorten it."),
        ));
    }
    if text.chars().any(is_unwritable) {
        return Err(ApiError::invalid(field, Code::ControlCharacters, "Leave control characters out."));
    }
    Ok(Some(text.to_owned()))
}

fn is_unwritable(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\r' | '\t')
}

/// A short name from a list that somebody else keeps.
pub fn label(field: &'static str, label: &str) -> Result<(), ApiError> {
    if label.len() <= limits::LABEL_BYTES && !label.chars().any(char::is_control) {
        return Ok(());
    }
    Err(ApiError::invalid(field, Code::TooLong, format!("At most {} bytes fit.", limits::LABEL_BYTES)))
}

/// The pages that the customer saw.
pub fn trail(trail: &[PageView]) -> Result<Vec<PageView>, ApiError> {
    if trail.len() > TRAIL_PAGES {
        return Err(ApiError::invalid("trail", Code::TooMany, format!("Send at most {TRAIL_PAGES} pages.")));
    }
    trail.iter().map(page).collect()
}

/// One page: an address of the web, and a title.
pub fn page(page: &PageView) -> Result<PageView, ApiError> {
    let is_web = page.url.len() <= URL_BYTES
        && url::Url::parse(&page.url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if !is_web {
        return Err(ApiError::invalid(
            "trail",
            Code::PageUrl,
            format!("Each page needs an http or https address of at most {URL_BYTES} bytes."),
        ));
    }
    if page.url.chars().any(char::is_control) {
        return Err(ApiError::invalid("trail", Code::PageUrl, "An address has no control characters."));
    }
    if page.title.chars().count() > TITLE_CHARS {
        return Err(ApiError::invalid(
            "trail",
            Code::PageTitle,
            format!("A page's title may have at most {TITLE_CHARS} characters."),
        ));
    }
    // A title is the site's own and its customer can't mend it.
    let title = page.title.replace(|c: char| c.is_control(), " ");
    Ok(PageView { title, ..page.clone() })
}

/// Cart or product data: a JSON object as text.
pub fn context(context: Option<&str>) -> Result<Option<String>, ApiError> {
    let Some(context) = context else { return Ok(None) };
    if context.len() > CONTEXT_BYTES {
        return Err(ApiError::invalid(
            "context",
            Code::TooLong,
            format!("The context may have at most {CONTEXT_BYTES} bytes."),
        ));
    }
    if serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(context).is_err() {
        return Err(ApiError::invalid(
            "context",
            Code::Context,
            "The context must be one JSON object, as text.",
        ));
    }
    Ok(Some(context.to_owned()))
}

/// A BCP 47 tag by its letters; anything else is nobody's language.
pub fn language(tag: Option<&str>) -> Option<String> {
    tag.filter(|tag| {
        (2..=35).contains(&tag.len()) && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    })
    .map(str::to_owned)
}

/// An IANA zone that is known; browsers may name newer ones, which help nobody.
pub fn time_zone(name: Option<&str>) -> Option<String> {
    name.and_then(|name| name.parse::<chrono_tz::Tz>().ok()).map(|zone| zone.name().to_owned())
}

/// What an agent made of a contact.
pub fn wrap_up(business: &Business, wrap_up: &WrapUp) -> Result<(), ApiError> {
    let disposition = &wrap_up.disposition;
    if !disposition.is_empty() && !business.dispositions.contains(disposition) {
        return Err(ApiError::invalid("disposition", Code::Disposition, "Choose one of the listed results."));
    }
    if wrap_up.notes.chars().count() > WRAP_UP_NOTES_CHARS {
        return Err(ApiError::invalid(
            "notes",
            Code::TooLong,
            format!("Notes may have at most {WRAP_UP_NOTES_CHARS} characters. Shorten them."),
        ));
    }
    if wrap_up.notes.chars().any(is_unwritable) {
        return Err(ApiError::invalid("notes", Code::ControlCharacters, "Leave control characters out."));
    }
    if wrap_up.order.len() > ORDER_LINES {
        return Err(ApiError::invalid(
            "order",
            Code::TooMany,
            format!("An order has at most {ORDER_LINES} lines."),
        ));
    }
    if wrap_up.order.iter().any(|line| line.item.chars().any(is_unwritable)) {
        return Err(ApiError::invalid("order", Code::ControlCharacters, "Leave control characters out."));
    }
    if wrap_up.order.iter().any(|line| line.item.chars().count() > limits::ITEM_CHARS) {
        return Err(ApiError::invalid(
            "order",
            Code::TooLong,
            format!("A line's item may have at most {} characters.", limits::ITEM_CHARS),
        ));
    }
    Ok(())
}

const _: () = assert!(NOTE_CHARS * 4 < shared::limits::HTTP_BODY_BYTES, "a note fits into a body");

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use shared::Timestamp;

    use super::*;

    #[test]
    fn hostile_notes_stay_the_text_that_they_are() {
        let hostile = "<img src=x onerror=alert(1)> '; DROP TABLE contacts; -- \u{202e}";
        assert_eq!(text("note", Some(hostile), 1_000).unwrap().as_deref(), Some(hostile.trim()));
        assert!(text("note", Some("a\0b"), 1_000).is_err());
        assert!(text("note", Some(&"ä".repeat(1_001)), 1_000).is_err());
        assert_eq!(text("note", Some("  \n "), 1_000).unwrap(), None);
    }

    #[test]
    fn pages_are_addresses_of_the_web() {
        for url in ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "shop", ""] {
            assert!(page(&view(url, "t")).is_err(), "{url}");
        }
        assert!(page(&view("https://shop.example/?q=ä#x", "<b>")).is_ok());
        assert!(page(&view(&format!("https://shop.example/{}", "x".repeat(URL_BYTES)), "t")).is_err());
        assert!(page(&view("https://shop.example/", &"x".repeat(TITLE_CHARS + 1))).is_err());
        for url in ["https://shop.example/\0", "https://shop.example/\n", "\u{1}https://shop.example/"] {
            assert!(page(&view(url, "t")).is_err(), "{url:?}");
        }
        assert!(trail(&vec![view("https://shop.example/", "t"); TRAIL_PAGES + 1]).is_err());
    }

    #[test]
    fn titles_lose_their_control_characters() {
        let cleaned = page(&view("https://shop.example/", "a\0b\nc\u{1b}[31m")).unwrap();
        assert_eq!(cleaned.title, "a b c [31m");
        let notes = |notes: &str| WrapUp { notes: notes.into(), ..WrapUp::default() };
        let business = crate::sites::tests::business("key");
        assert!(wrap_up(&business, &notes("two\nlines")).is_ok());
        assert!(wrap_up(&business, &notes("a\0b")).is_err());
    }

    #[test]
    fn context_is_one_object() {
        assert!(context(Some(r#"{"cart":[1,2]}"#)).is_ok());
        for bad in ["", "[]", "7", "{} {}", "{\"a\":", &"[".repeat(10_000), &"x".repeat(CONTEXT_BYTES + 1)] {
            assert!(context(Some(bad)).is_err());
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_a_check(any in any::<String>()) {
            let _ = text("note", Some(&any), 10);
            let _ = page(&view(&any, &any));
            let _ = context(Some(&any));
            let _ = label("skill", &any);
            prop_assert!(language(Some(&any)).is_none_or(|tag| tag.is_ascii()));
            let _ = time_zone(Some(&any));
        }
    }

    fn view(url: &str, title: &str) -> PageView {
        PageView { url: url.into(), title: title.into(), at: Timestamp(0) }
    }
}
