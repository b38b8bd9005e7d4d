//! The shop as a browser meets it: over HTTP, from a real socket.
#![expect(clippy::unwrap_used, reason = "a test fails where it is surprised")]
use std::{collections::BTreeSet, net::SocketAddr};

use demo_site::ServerUrlError;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

const SERVER: &str = "http://localhost:8080";

#[tokio::test]
async fn the_policy_names_the_contact_server_for_http_and_websockets() {
    let answer = open(SERVER).await.get("/").await;
    let policy = answer.header("content-security-policy").unwrap();
    let directive =
        |name: &str| policy.split("; ").find(|text| text.split(' ').next() == Some(name)).unwrap();
    assert_eq!(directive("default-src"), "default-src 'none'");
    assert_eq!(directive("script-src"), "script-src 'self' http://localhost:8080 'wasm-unsafe-eval'");
    assert_eq!(directive("connect-src"), "connect-src http://localhost:8080 ws://localhost:8080");
    assert_eq!(directive("style-src"), "style-src 'self'");
    let secure = open("https://calls.example/").await.get("/about.html").await;
    let policy = secure.header("content-security-policy").unwrap();
    assert!(policy.contains("connect-src https://calls.example wss://calls.example;"), "{policy}");
}

#[tokio::test]
async fn every_answer_guards_the_visitor() {
    let shop = open(SERVER).await;
    for path in ["/", "/shop.js", "/img/hero.svg", "/not/here.html"] {
        let answer = shop.get(path).await;
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert!(answer.header("permissions-policy").unwrap().contains("microphone=(self)"), "{path}");
        assert!(answer.header("content-security-policy").is_some(), "{path}");
        assert!(answer.header("referrer-policy").is_some(), "{path}");
    }
}

#[tokio::test]
async fn every_page_has_the_script_tag_of_that_server_and_nothing_inline() {
    let shop = open("http://127.0.0.1:4321").await;
    for page in shop.pages().await {
        let html = shop.get(&page).await.body;
        let tag = "<script async src=\"http://127.0.0.1:4321/widget.js\" data-business=\"harbour-and-pine\" \
                   data-accent=\"#0b6b54\"></script>";
        assert_eq!(html.matches(tag).count(), 1, "{page}");
        for script in html.split("<script").skip(1) {
            let (open, rest) = script.split_once('>').unwrap();
            assert!(open.contains(" src=\"") && rest.starts_with("</script>"), "{page}: {open}");
        }
        assert!(!html.contains("<style") && !html.contains("javascript:"), "{page}");
        for tag in tags(&html) {
            for (name, _) in attributes(tag) {
                assert!(name != "style" && !name.starts_with("on"), "{page}: <{tag}>");
            }
        }
    }
}

#[tokio::test]
async fn every_link_and_file_of_every_page_is_there_and_nothing_is_foreign() {
    let shop = open(SERVER).await;
    let pages = shop.pages().await;
    assert!(pages.len() >= 12, "the catalogue links to its products: {pages:?}");
    let mut files = BTreeSet::new();
    for page in &pages {
        let html = shop.get(page).await.body;
        for tag in tags(&html) {
            for (name, value) in attributes(tag) {
                if !["href", "src"].contains(&name) || value == "http://localhost:8080/widget.js" {
                    continue;
                }
                if let Some((path, fragment)) = value.split_once('#') {
                    let target = if path.is_empty() { html.clone() } else { shop.get(path).await.body };
                    assert!(target.contains(&format!("id=\"{fragment}\"")), "{page}: {value}");
                }
                let path = value.split('#').next().unwrap();
                assert!(path.is_empty() || path.starts_with('/'), "{page}: {value}");
                files.insert(path.to_owned());
            }
        }
    }
    files.remove("");
    for path in files {
        let answer = shop.get(&path).await;
        let mime = answer.header("content-type").unwrap();
        assert_eq!(answer.status, 200, "{path}");
        let right = match path.rsplit_once('.') {
            Some((_, "css")) => "text/css; charset=utf-8",
            Some((_, "js")) => "text/javascript; charset=utf-8",
            Some((_, "svg")) => "image/svg+xml",
            _ => "text/html; charset=utf-8",
        };
        assert_eq!(mime, right, "{path}");
    }
}

#[tokio::test]
async fn pages_have_one_heading_of_the_first_rank_and_titles_of_their_own() {
    let shop = open(SERVER).await;
    let mut titles = BTreeSet::new();
    for page in shop.pages().await {
        let html = shop.get(&page).await.body;
        assert_eq!(html.matches("<h1").count(), 1, "{page}");
        let title = html.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>")).unwrap().0;
        assert!(titles.insert(title.to_owned()), "{page}: {title}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_page_that_says_so() {
    let shop = open(SERVER).await;
    for path in ["/nothing.html", "/products/", "/products/../shop.css", "/%2e%2e/Cargo.toml", "//x"] {
        let answer = shop.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.body.contains("There is no page here"), "{path}");
    }
    assert_eq!(shop.ask("POST", "/checkout.html", "").await.status, 405);
}

#[tokio::test]
async fn what_the_browser_holds_already_is_not_sent_again() {
    let shop = open(SERVER).await;
    let first = shop.get("/shop.css").await;
    let etag = first.header("etag").unwrap().to_owned();
    assert_eq!(first.header("cache-control"), Some("no-cache"));
    let again = shop.ask("GET", "/shop.css", &format!("If-None-Match: W/\"x\", {etag}\r\n")).await;
    assert_eq!((again.status, again.body.as_str()), (304, ""));
    let other = shop.ask("GET", "/shop.css", "If-None-Match: \"x\"\r\n").await;
    assert_eq!((other.status, other.body.len()), (200, first.body.len()));
}

#[tokio::test]
async fn card_fields_say_what_they_are_and_have_no_names_to_be_sent_under() {
    let html = open(SERVER).await.get("/checkout.html").await.body;
    for hint in ["cc-name", "cc-number", "cc-exp", "cc-csc"] {
        let wanted = format!("autocomplete=\"{hint}\"");
        let field = tags(&html).find(|tag| tag.contains(&wanted)).unwrap();
        assert!(attributes(field).all(|(name, _)| name != "name"), "{field}");
    }
    for hint in ["email", "name", "address-line1", "address-level2", "postal-code", "country"] {
        assert!(html.contains(&format!("autocomplete=\"{hint}\"")), "{hint}");
    }
}

#[test]
fn a_bad_address_of_the_contact_server_is_refused() {
    let refused = |url| demo_site::router(url).unwrap_err();
    assert_eq!(refused("localhost:8080"), ServerUrlError::Scheme);
    assert_eq!(refused("javascript:alert(1)"), ServerUrlError::Scheme);
    assert_eq!(refused("http://calls.example/widget.js"), ServerUrlError::MoreThanAnOrigin);
    assert_eq!(refused("http://x'; script-src *"), ServerUrlError::Host);
    assert_eq!(refused("http://x:99999"), ServerUrlError::Port);
}

struct Shop(SocketAddr);

struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}

async fn open(server: &str) -> Shop {
    let shop = demo_site::router(server).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, shop).await });
    Shop(address)
}

impl Shop {
    async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, "").await
    }

    /// `headers` are whole lines.
    async fn ask(&self, method: &str, path: &str, headers: &str) -> Answer {
        let mut stream = TcpStream::connect(self.0).await.unwrap();
        let request = format!("{method} {path} HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n{headers}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines.filter_map(|line| line.split_once(": "));
        let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
        Answer { status, headers, body: body.to_owned() }
    }

    /// Every page that can be reached from the front page.
    async fn pages(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::from(["/".to_owned()]);
        let mut ahead = vec!["/".to_owned()];
        while let Some(page) = ahead.pop() {
            let html = self.get(&page).await.body;
            for (name, value) in tags(&html).flat_map(attributes) {
                let path = value.split('#').next().unwrap();
                if name == "href" && path.ends_with(".html") && found.insert(path.to_owned()) {
                    ahead.push(path.to_owned());
                }
            }
        }
        // The cart leads there once something is in it, which takes a script.
        found.insert("/checkout.html".into());
        found
    }
}

/// What stands between `<` and `>` of opening tags: the pages hold no `<` or `>` elsewhere.
fn tags(html: &str) -> impl Iterator<Item = &str> {
    html.split('<')
        .skip(1)
        .filter_map(|rest| Some(rest.split_once('>')?.0))
        .filter(|tag| !tag.starts_with(['/', '!']))
}

/// Names and values of a tag whose values stand in double quotes.
fn attributes(tag: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = tag.split_once([' ', '\n']).map_or("", |(_, rest)| rest);
    std::iter::from_fn(move || {
        rest = rest.trim_start();
        let end = rest.find(['=', ' ', '\n']).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let (value, after) = match after.strip_prefix("=\"") {
            Some(quoted) => quoted.split_once('"')?,
            None => ("", after),
        };
        rest = after;
        (!name.is_empty()).then_some((name, value))
    })
}
