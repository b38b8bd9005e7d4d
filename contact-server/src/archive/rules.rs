//! Which pages are never recorded, by their addresses. Pure.
//!
//! A pattern is a path: `*` stands for any characters between two slashes, `**` for any number of parts, none
//! included. Case, a slash at the end, the host, query and fragment do not matter.
use url::Url;

/// Characters of one pattern, and patterns of one business.
pub const LONGEST: usize = 200;
pub const MOST: usize = 50;
/// A longer address, in bytes, is left out.
const LONGEST_URL: usize = 64 * 1024;
/// Parts of a path that are compared; a page deeper down counts as matching, so that it is left out.
const DEEPEST: usize = 64;

/// Whether a page at this address is left out. What is no address is.
pub fn is_left_out(patterns: &[String], url: &str) -> bool {
    if url.len() > LONGEST_URL {
        return true;
    }
    let Ok(url) = Url::parse(url) else { return true };
    // A page of single-page apps says in its fragment where it is.
    let route = url.fragment().filter(|fragment| fragment.starts_with(['/', '!']));
    let route = route.map(|fragment| fragment.trim_start_matches('!'));
    [Some(url.path()), route].into_iter().flatten().any(|path| {
        let path = parts(path);
        path.len() > DEEPEST || patterns.iter().any(|pattern| matches(&parts(pattern), &path))
    })
}

fn parts(path: &str) -> Vec<String> {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    path.split('/').filter(|part| !part.is_empty()).map(str::to_ascii_lowercase).collect()
}

/// `reached[n]`: the pattern so far fits the first `n` parts. Its time is that of one times the other.
fn matches(pattern: &[String], path: &[String]) -> bool {
    let mut reached = vec![false; path.len() + 1];
    reached[0] = true;
    for piece in pattern {
        let mut next = vec![false; path.len() + 1];
        if piece == "**" {
            let first = reached.iter().position(|yes| *yes).unwrap_or(usize::MAX);
            for (at, yes) in next.iter_mut().enumerate() {
                *yes = at >= first;
            }
        } else {
            for (at, part) in path.iter().enumerate() {
                next[at + 1] = reached[at] && fits(piece.as_bytes(), part.as_bytes());
            }
        }
        reached = next;
    }
    reached.last().copied().unwrap_or_default()
}

/// One part, with stars. Goes back to the last star alone, so that no pattern takes long.
fn fits(pattern: &[u8], part: &[u8]) -> bool {
    let (mut p, mut at, mut star) = (0, 0, None);
    while at < part.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, at));
                p += 1;
            }
            Some(byte) if *byte == part[at] => {
                p += 1;
                at += 1;
            }
            _ => match star {
                None => return false,
                Some((from, taken)) => {
                    star = Some((from, taken + 1));
                    p = from + 1;
                    at = taken + 1;
                }
            },
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left_out(pattern: &str, path: &str) -> bool {
        is_left_out(&[pattern.to_owned()], &format!("https://shop.example{path}"))
    }

    #[test]
    fn patterns_fit_parts_of_a_path() {
        for (pattern, path) in [
            ("/checkout", "/checkout"),
            ("/checkout", "/Checkout/?step=2#pay"),
            ("/checkout/**", "/checkout"),
            ("/checkout/**", "/checkout/a/b"),
            ("/**/pay", "/en/shop/pay"),
            ("/**/pay", "/pay"),
            ("/*/pay-*", "/en/pay-now"),
            ("/a*b*c", "/aXbYbZc"),
            ("/**", "/"),
            ("/pay", "/app#/pay"),
            ("/pay/**", "/app#!/pay/card"),
        ] {
            assert!(left_out(pattern, path), "{pattern} {path}");
        }
        for (pattern, path) in [
            ("/checkout", "/checkout/a"),
            ("/checkout", "/checkouts"),
            ("/*/pay", "/pay"),
            ("/*/pay", "/a/b/pay"),
            ("/a*b*c", "/aXbY"),
            ("/pay", "/shop?to=/pay"),
            ("/pay", "/shop#pay"),
        ] {
            assert!(!left_out(pattern, path), "{pattern} {path}");
        }
    }

    #[test]
    fn payment_pages_are_left_out_unless_a_business_says_otherwise() {
        let patterns = store::payment_pages();
        for path in [
            "/checkout",
            "/de/checkout/step-2",
            "/payment",
            "/pay/card",
            "/order/1/payment-method",
            "/billing",
        ] {
            assert!(is_left_out(&patterns, &format!("https://shop.example{path}")), "{path}");
        }
        for path in
            ["/", "/cart", "/payments-explained-in-our-blog.html/x", "/paypal-is-nice", "/lamps/payton"]
        {
            let is = is_left_out(&patterns, &format!("https://shop.example{path}"));
            assert_eq!(is, path.starts_with("/payments-"), "{path}");
        }
    }

    #[test]
    fn what_is_no_address_or_too_deep_is_left_out() {
        assert!(is_left_out(&[], "") && is_left_out(&[], "not an address"));
        assert!(is_left_out(&[], &format!("https://shop.example/{}", "a/".repeat(100))));
        assert!(!is_left_out(&[], "https://shop.example/"));
        let slow = format!("/{}b", "*a".repeat(90));
        assert!(!left_out(&slow, &format!("/{}", "a".repeat(2_000))));
    }
}
