//! The second listener, for those who run the server: `/metrics`, and health with its reason. Never public.
use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};

use crate::{
    attack::Guard,
    clock::Clock,
    engine::Engines,
    health::Health,
    metrics::{Levels, Metrics, name},
    stopping::Stopping,
};

/// OpenMetrics 1.0, which Prometheus reads.
const TEXT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The task that takes connections is told of a shutdown as they are.
const LISTENERS: usize = 1;

#[derive(Clone)]
pub struct Watch {
    pub metrics: Arc<Metrics>,
    pub health: Arc<Health>,
    pub engines: Arc<Engines>,
    pub guard: Arc<Guard>,
    pub clock: Arc<dyn Clock>,
    pub stopping: Stopping,
}

pub fn router(watch: Watch) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .with_state(watch)
}

async fn ready(State(watch): State<Watch>) -> impl IntoResponse {
    match watch.health.ready().await {
        Ok(()) => (StatusCode::OK, "ready\n".to_owned()),
        Err(trouble) => (StatusCode::SERVICE_UNAVAILABLE, format!("{trouble}\n")),
    }
}

async fn metrics(State(watch): State<Watch>) -> Result<impl IntoResponse, StatusCode> {
    let census = watch.engines.census().await;
    let levels = Levels {
        contacts: counted(census.phases.iter().map(name), &PHASES),
        agents: counted(census.presences.iter().map(name), &PRESENCES),
        connections: watch.stopping.connections().saturating_sub(LISTENERS),
        disk_free: watch.health.room().await,
        attacked: watch.guard.levels(watch.clock.now()),
    };
    // Aside: to count ten thousand descriptors takes milliseconds.
    let text = tokio::task::spawn_blocking(move || watch.metrics.text(&levels)).await;
    Ok(([(header::CONTENT_TYPE, TEXT)], text.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?))
}

/// Shown also when there are none.
const PHASES: [&str; 8] =
    ["scheduled", "waiting", "calling", "confirming", "connecting", "talking", "on_hold", "wrap_up"];
const PRESENCES: [&str; 7] = ["offline", "away", "ready", "reserved", "ringing", "talking", "wrap_up"];

fn counted(names: impl Iterator<Item = String>, known: &[&str]) -> Vec<(String, u32)> {
    let mut counts: BTreeMap<String, u32> = known.iter().map(|name| ((*name).to_owned(), 0)).collect();
    for name in names {
        *counts.entry(name).or_default() += 1;
    }
    counts.into_iter().collect()
}
