//! The page trail, as it may leave the browser. The loader wrote it; whatever else runs in the page may have
//! written over it, so it is bounded and cleaned here once more.
use shared::{Timestamp, api::PageView, limits};

/// Pages older than this stay in the browser, in milliseconds.
const DAY_MS: u64 = 86_400_000;
/// A run of letters and digits this long that holds a digit is a token, not a word.
const TOKEN_CHARS: usize = 20;

/// The last pages of the last day, newest last, within the limits of the server.
pub fn publishable(mut pages: Vec<PageView>, now: Timestamp) -> Vec<PageView> {
    pages.retain_mut(|page| now.0.saturating_sub(page.at.0) < DAY_MS && publish(page));
    while pages.len() > limits::TRAIL_PAGES {
        pages.remove(0);
    }
    pages
}

/// Brings a page within the limits; false if its URL is none that a browser shows as a page.
fn publish(page: &mut PageView) -> bool {
    page.url = without_tokens(&page.url);
    page.url.truncate(page.url.floor_char_boundary(limits::URL_BYTES));
    page.title = page.title.chars().filter(|c| *c >= ' ').take(limits::TITLE_CHARS).collect();
    page.url.starts_with("https://") || page.url.starts_with("http://")
}

/// Cuts the fragment off, and replaces runs that look like tokens (a mailed link's path, a value that slipped
/// through) by a dash.
fn without_tokens(url: &str) -> String {
    let mut out = String::new();
    let mut run = String::new();
    for c in url.chars() {
        if c == '#' {
            break;
        }
        if c.is_ascii_alphanumeric() || c == '_' {
            run.push(c);
        } else {
            out += if looks_random(&run) { "-" } else { &run };
            out.push(c);
            run.clear();
        }
    }
    out += if looks_random(&run) { "-" } else { &run };
    out
}

fn looks_random(run: &str) -> bool {
    let digits = run.bytes().filter(u8::is_ascii_digit).count();
    // A card number has 12 digits at least (ISO/IEC 7812-1).
    digits > 0 && (run.len() >= TOKEN_CHARS || digits >= 12 && digits == run.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(url: &str, at: u64) -> PageView {
        PageView { url: url.into(), title: "A\u{7}B".into(), at: Timestamp(at) }
    }

    fn cleaned(url: &str) -> Option<String> {
        publishable(vec![page(url, 0)], Timestamp(1)).pop().map(|page| page.url)
    }

    #[test]
    fn tokens_in_a_path_do_not_leave_the_browser() {
        assert_eq!(
            cleaned("https://a.test/reset/9f27ac018be3d56499aa?x=1#f").unwrap(),
            "https://a.test/reset/-?x=1"
        );
        assert_eq!(cleaned("https://a.test/pay/4242424242424242").unwrap(), "https://a.test/pay/-");
    }

    #[test]
    fn slugs_and_short_numbers_stay() {
        let url = "https://a.test/p/the-best-waterproof-jacket-2026-for-hikers?size=10&order=1234567";
        assert_eq!(cleaned(url).unwrap(), url);
    }

    #[test]
    fn only_pages_of_the_web_are_pages() {
        assert_eq!(cleaned("javascript:alert(1)"), None);
        assert_eq!(cleaned("file:///etc/passwd"), None);
    }

    #[test]
    fn the_trail_is_the_last_ten_pages_of_a_day() {
        let now = Timestamp(DAY_MS + 100);
        let pages = (0..30).map(|n| page(&format!("https://a.test/{n}"), 90 + n)).collect();
        let trail = publishable(pages, now);
        assert_eq!(trail.len(), limits::TRAIL_PAGES);
        assert_eq!(trail[9].url, "https://a.test/29");
        assert!(publishable(vec![page("https://a.test/", 100)], now).is_empty(), "a day old");
    }

    #[test]
    fn long_urls_and_titles_are_cut_and_cleaned() {
        let long = PageView {
            url: format!("https://a.test/{}", "ä-".repeat(3_000)),
            title: "é".repeat(900),
            at: Timestamp(1),
        };
        let cut = publishable(vec![long], Timestamp(1)).remove(0);
        assert!(cut.url.len() <= limits::URL_BYTES);
        assert_eq!(cut.title.chars().count(), limits::TITLE_CHARS);
        assert_eq!(publishable(vec![page("https://a.test/", 0)], Timestamp(1))[0].title, "AB");
    }
}
