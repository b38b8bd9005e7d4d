//! A customer: asks as the widget's form does, then follows the status as its page does, and comes back when
//! the line is lost.
use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, Result, bail};
use serde_json::json;
use shared::{
    ContactId, ProtocolVersion, TabId,
    api::CallAccepted,
    contact::{EndReason, Phase},
    wire::{
        LegOffer, Ping,
        widget::{Cancel, Hello, ServerToWidget, WidgetToServer},
    },
};
use softphone::pace::{Next, after_close};
use tokio::time::{Instant, sleep, timeout};

use crate::{
    World,
    http::{Answer, Http},
    people::Chance,
    place::{KEY, SHOP},
    socket::{Closed, LOST, Socket},
};

/// An offer without media, which the simulated driver takes.
pub const SDP: &str = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n";
/// Tries of one request; its key stays the same.
const TRIES: u32 = 200;
/// A request that is not answered by then is tried again.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// A customer whose contact has not ended by then was forgotten.
const ENDS_WITHIN: Duration = Duration::from_secs(300);

/// What one customer wants.
#[derive(Debug, Clone)]
pub struct Wish {
    /// None: voice in the page.
    pub number: Option<String>,
    /// Cancels so long after the 201.
    pub cancels: Option<Duration>,
}

/// What became of it.
#[derive(Debug, Clone)]
pub struct Story {
    pub contact: ContactId,
    pub reason: Option<EndReason>,
    /// Tries until the 201.
    pub tries: u32,
    /// Connections after the first.
    pub reconnects: u32,
}

/// Asks for a call and stays until the contact has ended. None: the number is not called (any more).
pub async fn call(world: &Arc<World>, wish: Wish, chance: &mut Chance) -> Result<Option<Story>> {
    let asked = ask(world, &wish, chance).await;
    if asked.as_ref().is_err_and(|error| error.to_string().contains("\"number_not_called\"")) {
        return Ok(None);
    }
    let (accepted, tries) = asked?;
    let (reason, reconnects) = stay(world, wish, &accepted, chance).await?;
    Ok(Some(Story { contact: accepted.contact, reason, tries, reconnects }))
}

/// Stays until the contact has ended: why it did, and how often the page came back.
pub async fn stay(
    world: &World,
    wish: Wish,
    accepted: &CallAccepted,
    chance: &mut Chance,
) -> Result<(Option<EndReason>, u32)> {
    let mut page = Page { wish, cancelled: false, asked_at: Instant::now() };
    let followed = timeout(ENDS_WITHIN, page.follow(world, &accepted.token, chance)).await;
    followed.with_context(|| format!("contact {} has not ended within {ENDS_WITHIN:?}", accepted.contact))
}

/// Sends the request until it is answered by 201.
pub async fn ask(world: &World, wish: &Wish, chance: &mut Chance) -> Result<(CallAccepted, u32)> {
    let mut http = Http::new(world.addr);
    let (key, body, from) = (chance.key(), request(wish), world.somebody());
    for tries in 1..=TRIES {
        match timeout(ANSWER_WITHIN, post_from(&mut http, &key, &body, &from)).await {
            Ok(Ok(answer)) if answer.status == 201 => {
                return Ok((serde_json::from_slice(&answer.body)?, tries));
            }
            Ok(Ok(answer)) if !matches!(answer.status, 429 | 503) => {
                bail!("refused with {}: {}", answer.status, String::from_utf8_lossy(&answer.body))
            }
            // Not now, no answer, or nobody there: again.
            Ok(Ok(_) | Err(_)) | Err(_) => sleep(chance.ms(100, 500)).await,
        }
    }
    bail!("no 201 in {TRIES} tries")
}

pub fn request(wish: &Wish) -> String {
    let mut body = json!({ "business": KEY, "channel": "browser", "consent": "1", "name": "A customer" });
    if let Some(number) = &wish.number {
        body["channel"] = "telephone".into();
        body["number"] = number.as_str().into();
    }
    body.to_string()
}

pub async fn post(http: &mut Http, key: &str, body: &str) -> Result<Answer> {
    post_from(http, key, body, "127.0.0.1").await
}

/// The same of an address, as the proxy says it.
pub async fn post_from(http: &mut Http, key: &str, body: &str, from: &str) -> Result<Answer> {
    let headers = [("origin", SHOP), ("idempotency-key", key), ("x-forwarded-for", from)];
    http.send("POST", "/api/v1/requests", &headers, body.to_owned()).await
}

struct Page {
    wish: Wish,
    cancelled: bool,
    asked_at: Instant,
}

impl Page {
    /// Connects, and again when the line was lost, until the contact has ended.
    async fn follow(&mut self, world: &World, token: &str, chance: &mut Chance) -> (Option<EndReason>, u32) {
        let (mut failed, mut connections, mut lost_at) = (0, 0_u32, None);
        loop {
            let mut welcomed = false;
            let ended = self.watch(world, token, |at| {
                welcomed = true;
                world.healed(lost_at.take(), at);
            });
            let code = match ended.await {
                Ok(reason) => return (reason, connections.saturating_sub(1)),
                Err(code) => code,
            };
            connections += u32::from(welcomed);
            lost_at = lost_at.or(Some(Instant::now()));
            failed = if welcomed { 0 } else { failed + 1 };
            match after_close(code, failed, chance.unit()) {
                Next::Wait(ms) => sleep(Duration::from_millis(ms.into())).await,
                Next::Stop => return (None, connections.saturating_sub(1)),
            }
        }
    }

    /// One connection. Returns once the contact has ended; Err: the connection did.
    async fn watch(
        &mut self,
        world: &World,
        token: &str,
        mut welcomed: impl FnMut(Instant),
    ) -> Result<Option<EndReason>, Closed> {
        let mut socket = Socket::connect(world.addr, "/ws/widget", &[("origin", SHOP)]).await?;
        let voice = self.wish.number.is_none();
        let hello =
            Hello { version: ProtocolVersion::CURRENT, token: token.to_owned(), tab: TabId(1), voice };
        socket.send(WidgetToServer::from(hello).encode()).await?;
        let mut beat = tokio::time::interval(Duration::from_secs(10));
        let cancels = self.wish.cancels.map(|after| self.asked_at + after).filter(|_| !self.cancelled);
        let mut cancel = std::pin::pin!(tokio::time::sleep_until(
            cancels.unwrap_or_else(|| Instant::now() + ENDS_WITHIN * 2)
        ));
        loop {
            let bytes = tokio::select! {
                bytes = socket.next() => bytes?,
                _ = beat.tick() => {
                    socket.send(WidgetToServer::from(Ping { nonce: 1 }).encode()).await?;
                    continue;
                }
                () = &mut cancel, if !self.cancelled => {
                    self.cancelled = true;
                    socket.send(WidgetToServer::from(Cancel {}).encode()).await?;
                    continue;
                }
            };
            match ServerToWidget::decode(&bytes).map_err(|_| LOST)? {
                ServerToWidget::Welcome(_) => welcomed(Instant::now()),
                ServerToWidget::Status(status) if status.status.phase == Phase::Ended => {
                    return Ok(status.status.reason);
                }
                ServerToWidget::LegInvite(invite) => {
                    let offer = LegOffer { leg: invite.leg, sdp: SDP.to_owned() };
                    socket.send(WidgetToServer::from(offer).encode()).await?;
                }
                ServerToWidget::Status(_)
                | ServerToWidget::SessionCode(_)
                | ServerToWidget::Pong(_)
                | ServerToWidget::LegAnswer(_)
                | ServerToWidget::LegGone(_)
                | ServerToWidget::Unknown { .. } => {}
            }
        }
    }
}
