//! Puts the pages together: one layout, one body each, and the catalogue in templates for its card and its page.
//!
//! A template holds slots (`{{NAME}}`). They are filled in one pass, so that what goes into a slot is never
//! read as a template; texts are escaped before they go in.
use std::borrow::Cow;

use crate::{
    catalogue::{PRODUCTS, Product, pounds},
    origin::Origin,
};

pub(crate) struct Page {
    pub(crate) path: String,
    pub(crate) html: String,
}

const LAYOUT: &str = include_str!("../site/layout.html");
const CARD: &str = include_str!("../site/card.html");
const PRODUCT: &str = include_str!("../site/pages/product.html");
const HOME: &str = include_str!("../site/pages/home.html");
const CART: &str = include_str!("../site/pages/cart.html");
const CHECKOUT: &str = include_str!("../site/pages/checkout.html");
const ABOUT: &str = include_str!("../site/pages/about.html");
const NOT_FOUND: &str = include_str!("../site/pages/not-found.html");

/// Links of the header, in order; the cart stands apart, in the layout.
const NAVIGATION: [(&str, &str); 2] = [("/", "Shop"), ("/about.html", "About us")];
/// Other things shown below a product.
const ALSO: usize = 4;

/// Every page of the shop but the one for what is not there.
pub(crate) fn all(server: &Origin) -> Vec<Page> {
    let mut pages = vec![
        Page {
            path: "/".into(),
            html: layout(
                server,
                "/",
                "Things for home and out of doors",
                "Benches, lanterns, blankets and kettles, made to be mended and to last.",
                &fill(HOME, &[("CARDS", &cards(PRODUCTS.iter(), "h3"))]),
            ),
        },
        Page {
            path: "/cart.html".into(),
            html: layout(server, "/cart.html", "Your cart", "What you have chosen so far.", CART),
        },
        Page {
            path: "/checkout.html".into(),
            html: layout(server, "/checkout.html", "Checkout", "Where it goes and how it is paid.", CHECKOUT),
        },
        Page {
            path: "/about.html".into(),
            html: layout(server, "/about.html", "About us", "Who we are, and how to reach a person.", ABOUT),
        },
    ];
    pages.extend(PRODUCTS.iter().enumerate().map(|(at, product)| product_page(server, at, product)));
    pages
}

pub(crate) fn not_found(server: &Origin) -> String {
    layout(server, "", "Page not found", "There is no page here.", NOT_FOUND)
}

fn layout(server: &Origin, path: &str, title: &str, description: &str, main: &str) -> String {
    let navigation: String = NAVIGATION.iter().map(|(to, name)| link(to, name, *to == path)).collect();
    let slots = [
        ("TITLE", &*escape(title)),
        ("DESCRIPTION", &*escape(description)),
        ("SERVER", &server.http()),
        ("NAVIGATION", &navigation),
        ("CART_CURRENT", current(path == "/cart.html")),
        ("MAIN", main),
    ];
    fill(LAYOUT, &slots)
}

fn link(to: &str, name: &str, here: bool) -> String {
    format!("<li><a href=\"{}\"{}>{}</a></li>", escape(to), current(here), escape(name))
}

fn current(here: bool) -> &'static str {
    if here { " aria-current=\"page\"" } else { "" }
}

/// `heading` keeps the outline of the page that the cards stand in.
fn cards<'a>(products: impl Iterator<Item = &'a Product>, heading: &str) -> String {
    let card = |product: &Product| {
        let slots = [
            ("HEADING", heading),
            ("PATH", &*product.path()),
            ("SLUG", product.slug),
            ("NAME", &*escape(product.name)),
            ("LINE", &*escape(product.line)),
            ("ALT", &*escape(product.alt)),
            ("PRICE", &*product.price()),
        ];
        fill(CARD, &slots)
    };
    products.map(card).collect()
}

fn product_page(server: &Origin, at: usize, product: &Product) -> Page {
    let others = PRODUCTS.iter().cycle().skip(at + 1).take(ALSO);
    let sizes: String = product
        .sizes
        .iter()
        .map(|size| {
            let (name, pence) = (escape(size.name), size.pence);
            format!("<option value=\"{name}\" data-pence=\"{pence}\">{name}, {}</option>", pounds(pence))
        })
        .collect();
    let story: String = product.story.iter().map(|text| format!("<p>{}</p>", escape(text))).collect();
    let facts: String = product
        .facts
        .iter()
        .map(|(name, value)| format!("<div><dt>{}</dt><dd>{}</dd></div>", escape(name), escape(value)))
        .collect();
    let first = product.sizes.first().map_or(0, |size| size.pence);
    let slots = [
        ("SLUG", product.slug),
        ("NAME", &*escape(product.name)),
        ("LINE", &*escape(product.line)),
        ("ALT", &*escape(product.alt)),
        ("PRICE", &*pounds(first)),
        ("SIZES", &sizes),
        ("STORY", &story),
        ("FACTS", &facts),
        ("CARDS", &cards(others, "h3")),
    ];
    let path = product.path();
    let html = layout(server, &path, product.name, product.line, &fill(PRODUCT, &slots));
    Page { path, html }
}

/// Replaces every `{{NAME}}`. A slot without a value is left, which the tests of this crate would find.
fn fill(template: &str, slots: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(template.len() * 2);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        filled.push_str(before);
        let value = after.split_once("}}").and_then(|(name, after)| {
            let (_, value) = slots.iter().find(|(slot, _)| *slot == name)?;
            Some((value, after))
        });
        rest = match value {
            Some((value, after)) => {
                filled.push_str(value);
                after
            }
            None => {
                filled.push_str("{{");
                after
            }
        };
    }
    filled.push_str(rest);
    filled
}

/// Text that is safe between tags and in a quoted attribute.
fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"', '\'']) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            plain => escaped.push(plain),
        }
    }
    Cow::Owned(escaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_into_a_slot_is_not_read_as_a_template() {
        assert_eq!(fill("<{{A}}|{{B}}|{{C}}>", &[("A", "{{B}}"), ("B", "b")]), "<{{B}}|b|{{C}}>");
    }

    #[test]
    fn no_page_has_an_empty_slot() {
        let server = Origin::parse("http://localhost:8080").unwrap();
        for page in all(&server) {
            assert!(!page.html.contains("{{"), "{}", page.path);
        }
        assert!(!not_found(&server).contains("{{"));
    }

    #[test]
    fn texts_are_escaped() {
        assert_eq!(escape("<a href=\"'&"), "&lt;a href=&quot;&#39;&amp;");
    }
}
