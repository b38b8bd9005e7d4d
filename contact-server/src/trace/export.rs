//! Sends spans to an OpenTelemetry collector: OTLP over HTTP, in its JSON form
//! (https://opentelemetry.io/docs/specs/otlp/#otlphttp), without TLS. The collector stands on this machine or in a
//! private network; whoever is further away is its business.
use std::{str::FromStr, sync::Arc, time::Duration};

use http_body_util::Full;
use hyper::{Request, body::Bytes, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use shared::Timestamp;
use tokio::{net::TcpStream, sync::mpsc, time::timeout};
use url::Url;

use super::Span;
use crate::metrics::Metrics;

/// Spans of one message.
const BATCH: usize = 512;
/// Spans that came wait so long for more.
const GATHER: Duration = Duration::from_millis(500);
/// A collector that takes longer is away.
const SEND_WITHIN: Duration = Duration::from_secs(5);
/// So often a message is sent before its spans are lost; a pause between, which doubles.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(500);

/// Where the collector listens: `http://HOST:PORT`, with a path before `/v1/traces` if it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// `HOST:PORT`
    host: String,
    path: String,
}

impl FromStr for Endpoint {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let url = Url::parse(text).map_err(drop)?;
        let is_plain = url.scheme() == "http" && url.username().is_empty() && url.query().is_none();
        let host = url.host_str().filter(|_| is_plain).ok_or(())?;
        let port = url.port_or_known_default().ok_or(())?;
        let path = format!("{}/v1/traces", url.path().trim_end_matches('/'));
        Ok(Self { host: format!("{host}:{port}"), path })
    }
}

#[derive(Debug, thiserror::Error)]
enum SendError {
    #[error("the collector cannot be reached")]
    Io(#[from] std::io::Error),
    #[error("the collector does not speak HTTP")]
    Http(#[from] hyper::Error),
    #[error("the message cannot be made")]
    Message(#[from] hyper::http::Error),
    #[error("the collector said {0}")]
    Refused(hyper::StatusCode),
    #[error("the collector takes longer than {SEND_WITHIN:?}")]
    Late(#[from] tokio::time::error::Elapsed),
}

/// Sends until nobody can end a span any more, and what has gathered by then.
pub async fn export(to: Endpoint, mut spans: mpsc::Receiver<Span>, metrics: Arc<Metrics>) {
    let mut is_away = false;
    loop {
        let mut batch = Vec::with_capacity(BATCH);
        if spans.recv_many(&mut batch, BATCH).await == 0 {
            return;
        }
        if batch.len() < BATCH && !spans.is_closed() {
            tokio::time::sleep(GATHER).await;
            while batch.len() < BATCH
                && let Ok(span) = spans.try_recv()
            {
                batch.push(span);
            }
        }
        let count = batch.len();
        match send_patiently(&to, &message(&batch)).await {
            Ok(()) => metrics.spans("sent", count),
            Err(error) => {
                metrics.spans("lost", count);
                if !is_away {
                    tracing::warn!(error = &error as &dyn std::error::Error, count, "traces are lost");
                }
                is_away = true;
                continue;
            }
        }
        is_away = false;
    }
}

async fn send_patiently(to: &Endpoint, message: &Bytes) -> Result<(), SendError> {
    let mut pause = PAUSE;
    for _ in 1..TRIES {
        match timeout(SEND_WITHIN, send(to, message.clone())).await {
            Ok(Ok(())) => return Ok(()),
            // What it does not understand it will not understand later either.
            Ok(Err(SendError::Refused(status))) if status.is_client_error() => {
                return Err(SendError::Refused(status));
            }
            Ok(Err(_)) | Err(_) => tokio::time::sleep(pause).await,
        }
        pause *= 2;
    }
    timeout(SEND_WITHIN, send(to, message.clone())).await?
}

async fn send(to: &Endpoint, message: Bytes) -> Result<(), SendError> {
    let stream = TcpStream::connect(&to.host).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let request = Request::post(&to.path)
        .header(header::HOST, &to.host)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::CONNECTION, "close")
        .body(Full::new(message))?;
    let connection = tokio::spawn(connection);
    let answer = sender.send_request(request).await;
    connection.abort();
    let status = answer?.status();
    if status.is_success() { Ok(()) } else { Err(SendError::Refused(status)) }
}

fn message(spans: &[Span]) -> Bytes {
    let spans: Vec<Value> = spans.iter().map(span).collect();
    let resource =
        [("service.name", "ringside".to_owned()), ("service.version", env!("CARGO_PKG_VERSION").to_owned())];
    let message = json!({ "resourceSpans": [{
        "resource": { "attributes": attributes(&resource) },
        "scopeSpans": [{ "scope": { "name": "ringside" }, "spans": spans }],
    }] });
    message.to_string().into()
}

fn span(span: &Span) -> Value {
    let events = span.events.iter().map(|(at, name, of)| {
        json!({ "timeUnixNano": nanoseconds(*at), "name": name, "attributes": attributes(of) })
    });
    let mut value = json!({
        "traceId": format!("{:032x}", span.trace),
        "spanId": format!("{:016x}", span.id),
        "name": span.name,
        "kind": if span.is_server { 2 } else { 1 },
        "startTimeUnixNano": nanoseconds(span.start),
        "endTimeUnixNano": nanoseconds(span.end),
        "attributes": attributes(&span.attributes),
        "events": events.collect::<Vec<_>>(),
        "status": {},
    });
    if let Some(parent) = span.parent {
        value["parentSpanId"] = format!("{parent:016x}").into();
    }
    value
}

fn attributes(of: &[(&'static str, String)]) -> Value {
    // What is not a convention of OpenTelemetry's gets the product's name.
    let key = |key: &str| if key.contains('.') { key.to_owned() } else { format!("ringside.{key}") };
    of.iter().map(|(name, value)| json!({ "key": key(name), "value": { "stringValue": value } })).collect()
}

/// A 64-bit number is a text in OTLP's JSON.
fn nanoseconds(at: Timestamp) -> String {
    (u128::from(at.0) * 1_000_000).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collector_is_a_plain_http_address() {
        let at = |text: &str| text.parse::<Endpoint>().map(|at| (at.host, at.path));
        assert_eq!(at("http://127.0.0.1:4318"), Ok(("127.0.0.1:4318".into(), "/v1/traces".into())));
        assert_eq!(at("http://collector/otlp/"), Ok(("collector:80".into(), "/otlp/v1/traces".into())));
        for other in ["", "https://collector:4318", "collector:4318", "http://u:p@collector"] {
            assert!(at(other).is_err(), "{other}");
        }
    }
}
