//! The HTTP interface against its own description: requests made from `docs/openapi.json`, good ones and bent
//! ones, to a real server. It never fails (5xx), every refusal is a problem, and every answer is one that the
//! document describes.
use std::path::Path;

use contact_server::{demo, ids};
use serde_json::{Map, Value, json};
use shared::ContactId;

use super::support::*;

/// Requests to each operation. A sign-in costs a password's time.
const TRIES: usize = 150;
const SIGN_INS: usize = 15;

#[tokio::test]
async fn the_interface_keeps_to_its_description_whatever_it_is_asked() {
    let plenty = contact_server::limits::Rate { burst: 1_000_000, per_minute: 1_000_000 };
    let server = server_with(|config, _| {
        let rates = &mut config.rates;
        (rates.all, rates.requests, rates.numbers) = (plenty, plenty, plenty);
        (rates.sign_in, rates.login) = (plenty, plenty);
        config.shares.numbers_per_address = 1_000_000;
    })
    .await;
    let document = document();
    let ada = server.ada().await;
    let contact = server.accepted(call("020 7946 0100")).await.contact;
    let mut asked = 0;
    let mut accepted = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let mut maker = Maker { document: &document, chance: Chance(7), contact };
            let is_sign_in = (method.as_str(), path.as_str()) == ("post", "/api/v1/session");
            for _ in 0..if is_sign_in { SIGN_INS } else { TRIES } {
                // Whoever signs out or in again ends sessions, and must not end Ada's.
                let signs_out = (method.as_str(), path.as_str()) == ("delete", "/api/v1/session");
                let signed_in = if signs_out { &server.sign_in("grace", demo::PASSWORD).await } else { &ada };
                let sent = maker.request(path, operation);
                let answer = sent.send(&server, method, signed_in).await;
                check(&document, operation, &answer).unwrap_or_else(|wrong| {
                    panic!(
                        "{method} {path}: {wrong}\nasked {sent:?}\nanswered {} {}",
                        answer.status, answer.body
                    )
                });
                asked += 1;
                accepted += usize::from(answer.status < 300);
                if signs_out && asked % 10 > 0 {
                    break;
                }
            }
        }
    }
    assert!(accepted * 10 > asked, "of {asked} only {accepted} were good enough to be accepted");
    server.assert_alive().await;
}

#[test]
fn the_document_that_is_searched_is_not_empty_and_what_does_not_fit_is_seen() {
    let document = document();
    let schema = json!({"$ref": "#/components/schemas/Problem"});
    let good = json!({"type": "/problems/x", "title": "t", "status": 400, "detail": "d", "code": "x"});
    assert_eq!(fits(&document, &schema, &good), Ok(()));
    for (field, bad) in [("status", json!("400")), ("status", json!(-1)), ("code", json!(null))] {
        let mut bent = good.clone();
        bent[field] = bad;
        assert!(fits(&document, &schema, &bent).is_err(), "{bent}");
    }
    assert!(fits(&document, &schema, &json!({})).is_err() && fits(&document, &schema, &json!([])).is_err());
}

fn document() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/openapi.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The document describes that answer of an operation.
pub(crate) fn describes(path: &str, method: &str, answer: &Response) {
    let document = document();
    assert_eq!(check(&document, &document["paths"][path][method], answer), Ok(()));
}

/// The answer is one that the document describes, and none of failure.
fn check(document: &Value, operation: &Value, answer: &Response) -> Result<(), String> {
    if answer.status >= 500 {
        return Err("it failed".to_owned());
    }
    let exact = answer.status.to_string();
    let class = format!("{}XX", answer.status / 100);
    let described = [exact, class].into_iter().find_map(|key| operation["responses"].get(&key).cloned());
    let described = described.ok_or("no such answer is described")?;
    if answer.status >= 400 {
        answer.problem();
    }
    let Some(content) = described.get("content").and_then(Value::as_object) else {
        return if answer.body.is_empty() { Ok(()) } else { Err("no body is described".to_owned()) };
    };
    let kind = answer.header("content-type").and_then(|kind| kind.split(';').next()).unwrap_or_default();
    let Some(media) = content.get(kind) else { return Err(format!("`{kind}` is not described")) };
    if kind == "text/plain" {
        return Ok(());
    }
    let body: Value = serde_json::from_str(&answer.body).map_err(|error| error.to_string())?;
    fits(document, &media["schema"], &body)
}

/// Checks a value against a schema, as far as the document uses JSON Schema.
fn fits(document: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        return fits(document, resolve(document, reference), value);
    }
    if let Some(choices) = schema.get("oneOf").and_then(Value::as_array) {
        let fitting = choices.iter().filter(|choice| fits(document, choice, value).is_ok()).count();
        return if fitting == 1 { Ok(()) } else { Err(format!("{fitting} of the choices fit {value}")) };
    }
    if let Some(known) = schema.get("enum").and_then(Value::as_array)
        && !known.contains(value)
    {
        return Err(format!("{value} is none of {known:?}"));
    }
    let kinds = match schema.get("type") {
        Some(Value::String(kind)) => vec![kind.as_str()],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => return Err(format!("this test does not understand {schema}")),
    };
    let is = |kind: &&str| match *kind {
        "null" => value.is_null(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        kind => panic!("this test does not understand the type {kind}"),
    };
    if !kinds.iter().any(is) {
        return Err(format!("{value} is not of {kinds:?}"));
    }
    if schema["minimum"].as_i64().zip(value.as_i64()).is_some_and(|(least, value)| value < least) {
        return Err(format!("{value} is too small"));
    }
    for item in value.as_array().into_iter().flatten() {
        fits(document, &schema["items"], item)?;
    }
    let Some(fields) = value.as_object() else { return Ok(()) };
    let none = Map::new();
    let properties = schema["properties"].as_object().unwrap_or(&none);
    for required in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !fields.contains_key(required) {
            return Err(format!("`{required}` is missing"));
        }
    }
    for (name, field) in fields {
        let property = properties.get(name).ok_or_else(|| format!("`{name}` is not described"))?;
        fits(document, property, field).map_err(|wrong| format!("{name}: {wrong}"))?;
    }
    Ok(())
}

fn resolve<'a>(document: &'a Value, reference: &str) -> &'a Value {
    document.pointer(reference.strip_prefix('#').unwrap()).unwrap()
}

/// One request, as it will be sent.
#[derive(Debug)]
struct Made {
    path: String,
    headers: Vec<(String, String)>,
    body: Option<String>,
    has_session: bool,
}

impl Made {
    async fn send(&self, server: &Server, method: &str, agent: &Agent) -> Response {
        let method = method.to_uppercase();
        let mut ask = server.ask(&method, &self.path);
        for (name, value) in &self.headers {
            let value = value.replace("{own}", &server.origin).replace("{csrf}", &agent.csrf);
            ask = ask.header(name, &value);
        }
        if self.has_session {
            ask = ask.agent(agent);
        }
        if let Some(body) = &self.body {
            ask = ask.body(body.clone());
        }
        ask.send().await
    }
}

/// SplitMix64.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) >> 1).unwrap() % end
    }

    fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }
}

struct Maker<'a> {
    document: &'a Value,
    chance: Chance,
    contact: ContactId,
}

const TEXTS: [&str; 14] = [
    "",
    " ",
    "x",
    "0",
    "-1",
    "null",
    "\u{0}",
    "\u{202e}evil",
    "'; DROP TABLE contacts; --",
    "<script>alert(1)</script>",
    "\u{1F480}\u{1F480}",
    "%00%ff%2e%2e",
    "../../etc/passwd",
    "9999-99-99",
];

impl Maker<'_> {
    fn request(&mut self, path: &str, operation: &Value) -> Made {
        let mut made = Made {
            path: path.to_owned(),
            headers: Vec::new(),
            body: None,
            has_session: !self.chance.once_in(10),
        };
        let is_own = operation["tags"][0] != "widget";
        if !self.chance.once_in(10) {
            let origin = if is_own { "{own}" } else { SHOP };
            made.headers.push(("origin".into(), origin.into()));
        }
        let mut query = Vec::new();
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            self.put_parameter(&mut made, &mut query, parameter);
        }
        if !query.is_empty() {
            made.path += &format!("?{}", query.join("&"));
        }
        if let Some(content) = operation.pointer("/requestBody/content/application~1json") {
            let kind = if self.chance.once_in(20) { "text/plain" } else { "application/json; charset=utf-8" };
            made.headers.push(("content-type".into(), kind.into()));
            let body = self.value(&content["schema"], "").to_string();
            made.body = Some(match self.chance.below(25) {
                0 => String::new(),
                1 => body.chars().take(body.len() / 2).filter(char::is_ascii).collect(),
                2 => "[".repeat(5_000),
                _ => body,
            });
        }
        made
    }

    fn put_parameter(&mut self, made: &mut Made, query: &mut Vec<String>, parameter: &Value) {
        let name = parameter["name"].as_str().unwrap();
        if parameter["required"] != true && self.chance.once_in(2) {
            return;
        }
        let known = match name {
            "id" => self.contact.to_string(),
            "key" => KEY.to_owned(),
            "X-Ringside-Csrf" => "{csrf}".to_owned(),
            "Idempotency-Key" => ids::token(),
            "done" => self.chance.pick(&["true", "false"]).to_owned(),
            "limit" => self.chance.pick(&["1", "25", "100"]).to_owned(),
            _ => "lamp".to_owned(),
        };
        let value = if self.chance.once_in(3) { self.chance.pick(&TEXTS).to_owned() } else { known };
        match parameter["in"].as_str().unwrap() {
            "path" => {
                let odd = ["%ff", "%00", "..%2f..", "x".repeat(2_000).as_str()].map(str::to_owned);
                let raw =
                    if self.chance.once_in(6) { odd[self.chance.below(4)].clone() } else { escaped(&value) };
                // An empty one is another address.
                let raw = if raw.is_empty() { "x".to_owned() } else { raw };
                made.path = made.path.replace(&format!("{{{name}}}"), &raw);
            }
            "query" => query.push(format!("{name}={}", escaped(&value))),
            _ => {
                if !self.chance.once_in(10) {
                    let line: String = value.chars().filter(|c| c.is_ascii_graphic()).collect();
                    made.headers.push((name.to_lowercase(), line));
                }
            }
        }
    }

    /// A value that fits the schema, or nearly.
    fn value(&mut self, schema: &Value, name: &str) -> Value {
        if self.chance.once_in(60) {
            return [json!(null), json!(7), json!([]), json!({}), json!("x"), json!(true)]
                [self.chance.below(6)]
            .clone();
        }
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            return self.value(resolve(self.document, reference), name);
        }
        if let Some(choices) = schema.get("oneOf").and_then(Value::as_array) {
            // Mostly the null: a window or the like is seldom asked for.
            let choice = &choices[self.chance.below(choices.len())];
            return self.value(choice, name);
        }
        if let Some(known) = schema.get("enum").and_then(Value::as_array) {
            return known[self.chance.below(known.len())].clone();
        }
        let kind = &schema["type"];
        let kinds = kind.as_array().cloned().unwrap_or_else(|| vec![kind.clone()]);
        match kinds[self.chance.below(kinds.len())].as_str().unwrap_or("null") {
            "string" => self.text(name).into(),
            "integer" => [json!(0), json!(1), json!(24_900), json!(u32::MAX), json!(u64::MAX), json!(-1)]
                [self.chance.below(6)]
            .clone(),
            "boolean" => self.chance.once_in(2).into(),
            "array" => (0..self.chance.below(4)).map(|_| self.value(&schema["items"], name)).collect(),
            "object" => self.object(schema),
            _ => Value::Null,
        }
    }

    fn object(&mut self, schema: &Value) -> Value {
        let mut out = Map::new();
        let is_required = |name: &String| {
            schema["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name.as_str()))
        };
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let left_out = if is_required(name) { 40 } else { 2 };
            if !self.chance.once_in(left_out) {
                out.insert(name.clone(), self.value(property, name));
            }
        }
        if self.chance.once_in(40) {
            out.insert("unknown".into(), json!(1));
        }
        out.into()
    }

    /// What the field is for, or something that it is not.
    fn text(&mut self, name: &str) -> String {
        if self.chance.once_in(15) {
            return self.chance.pick(&TEXTS).to_owned();
        }
        if self.chance.once_in(40) {
            return "y".repeat([100, 101, 1_001, 20_000][self.chance.below(4)]);
        }
        let known: &[&str] = match name {
            "business" => &[KEY],
            "consent" => &["1"],
            "number" => &["020 7946 0123", "+442079460100", "+1 212 555 0123", "12"],
            "region" => &["GB", "US", "ZZ"],
            "login" => &["grace", "GRACE ", "nobody"],
            "password" => &[demo::PASSWORD],
            "url" => &["http://shop.test/a?b=c", "https://shop.test/"],
            "context" => &["{}", "{\"cart\":[1]}"],
            "skill" => &[""],
            "date" => &["2026-11-30", "2020-01-01"],
            "from" | "until" => &["09:30", "10:30", "23:59"],
            "zone" | "time_zone" => &["Europe/Berlin", "UTC"],
            "disposition" => &["Sold", ""],
            _ => &["a", "lamp", "Ada"],
        };
        self.chance.pick(known).to_owned()
    }
}

/// Percent-encoded, for a path or a query.
fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}
