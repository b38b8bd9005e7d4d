//! An agent at a console: ready, accepts, talks, hangs up, wraps up; comes back when the line is lost.
use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use shared::{
    ContactId, LegId, ProtocolVersion,
    api::WrapUp,
    contact::Presence,
    wire::{
        LegOffer, Ping,
        console::{
            Accept, AgentState, ConsoleToServer, Decline, GoReady, HangUp, Hello, SaveWrapUp,
            ServerToConsole, ViewRequest,
        },
    },
};
use softphone::pace::{Next, after_close};
use tokio::time::{Instant, sleep, sleep_until};

use crate::{
    World,
    customer::SDP,
    http::Http,
    people::Chance,
    place::{PASSWORD, login},
    socket::{Closed, LOST, Socket},
};

/// How an agent works, in milliseconds and percent.
#[derive(Debug, Clone)]
pub struct Manner {
    pub thinks_ms: (u64, u64),
    pub talks_ms: (u64, u64),
    pub wraps_up_ms: (u64, u64),
    pub declines: u32,
    /// Lets it ring.
    pub ignores: u32,
    /// Viewers of the page that are asked for in each call.
    pub views: usize,
}

impl Manner {
    /// Takes every call at once and hangs up soon.
    pub fn eager(talks_ms: (u64, u64)) -> Self {
        Self { thinks_ms: (0, 0), talks_ms, wraps_up_ms: (0, 0), declines: 0, ignores: 0, views: 0 }
    }
}

impl Default for Manner {
    fn default() -> Self {
        Self {
            thinks_ms: (50, 600),
            talks_ms: (500, 4_000),
            wraps_up_ms: (50, 500),
            declines: 3,
            ignores: 2,
            views: 0,
        }
    }
}

#[derive(Debug, Clone, Default)]
pub struct Story {
    pub calls: u32,
    pub reconnects: u32,
}

/// Signs in with the password; returns the session's cookie.
pub async fn sign_in(world: &World, n: usize) -> Result<String> {
    let body = json!({ "login": login(n), "password": PASSWORD }).to_string();
    let mut http = Http::new(world.addr);
    let answer = http.send("POST", "/api/v1/session", &[("origin", world.origin.as_str())], body).await?;
    ensure!(answer.status == 200, "sign-in refused with {}", answer.status);
    let cookie = answer.header("set-cookie").and_then(|cookie| cookie.split(';').next());
    Ok(cookie.context("a session has a cookie")?.to_owned())
}

/// Works until the world is over.
pub async fn work(world: Arc<World>, cookie: String, manner: Manner, mut chance: Chance) -> Story {
    let mut agent = Agent {
        manner,
        due: None,
        contact: None,
        leg: None,
        accepted: false,
        revision: 0,
        story: Story::default(),
    };
    let (mut failed, mut lost_at) = (0, None);
    let mut over = world.over.subscribe();
    loop {
        let mut welcomed = false;
        let ended = agent.sit(&world, &cookie, &mut chance, |at| {
            welcomed = true;
            world.healed(lost_at.take(), at);
        });
        let code = tokio::select! {
            Err(code) = ended => code,
            _ = over.wait_for(|over| *over) => return agent.story,
        };
        agent.story.reconnects += u32::from(welcomed);
        lost_at = lost_at.or(Some(Instant::now()));
        failed = if welcomed { 0 } else { failed + 1 };
        match after_close(code, failed, chance.unit()) {
            Next::Wait(ms) => sleep(Duration::from_millis(ms.into())).await,
            Next::Stop => {
                world.fault(format!("a console was sent away for good with {code}"));
                return agent.story;
            }
        }
    }
}

struct Agent {
    manner: Manner,
    /// What is going to be done, and when.
    due: Option<(Instant, Act)>,
    /// What the last state was about.
    contact: Option<(Presence, Option<ContactId>)>,
    /// The leg that rings here, and whether it is wanted.
    leg: Option<LegId>,
    accepted: bool,
    revision: u32,
    story: Story,
}

#[derive(Debug, Clone, Copy)]
enum Act {
    Ready,
    Accept(ContactId),
    Decline(ContactId),
    HangUp(ContactId),
    WrapUp(ContactId),
}

enum Never {}

impl Agent {
    async fn sit(
        &mut self,
        world: &World,
        cookie: &str,
        chance: &mut Chance,
        mut welcomed: impl FnMut(Instant),
    ) -> Result<Never, Closed> {
        let headers = [("origin", world.origin.as_str()), ("cookie", cookie)];
        let mut socket = Socket::connect(world.addr, "/ws/console", &headers).await?;
        let hello = Hello { version: ProtocolVersion::CURRENT, take_over: true };
        socket.send(ConsoleToServer::from(hello).encode()).await?;
        let mut beat = tokio::time::interval(Duration::from_secs(10));
        (self.contact, self.due, self.leg, self.accepted) = (None, None, None, false);
        loop {
            let due = self.due;
            let bytes = tokio::select! {
                bytes = socket.next() => bytes?,
                _ = beat.tick() => {
                    socket.send(ConsoleToServer::from(Ping { nonce: 1 }).encode()).await?;
                    continue;
                }
                act = ripe(due) => {
                    self.due = None;
                    let message = self.message(act);
                    socket.send(message.encode()).await?;
                    if let Some(leg) = self.leg.filter(|_| self.accepted) {
                        socket.send(offer(leg)).await?;
                    }
                    continue;
                }
            };
            match ServerToConsole::decode(&bytes).map_err(|_| LOST)? {
                ServerToConsole::AgentState(state) => {
                    welcomed(Instant::now());
                    if let (Presence::Ringing, Some(contact)) = (state.presence, state.contact) {
                        world.offered(contact);
                    }
                    let before = self.contact;
                    self.stands(&state, chance);
                    if let Some((Presence::Talking, Some(contact))) =
                        self.contact.filter(|_| self.contact != before)
                    {
                        for _ in 0..self.manner.views {
                            socket.send(ConsoleToServer::from(ViewRequest { contact }).encode()).await?;
                        }
                    }
                }
                ServerToConsole::LegInvite(invite) => {
                    self.leg = Some(invite.leg);
                    // A console offers once its agent has accepted; a leg that is up is taken up again.
                    if self.accepted || matches!(self.contact, Some((Presence::Talking, _))) {
                        socket.send(offer(invite.leg)).await?;
                    }
                }
                ServerToConsole::LegGone(gone) => self.leg = self.leg.filter(|leg| *leg != gone.leg),
                ServerToConsole::ViewGranted(granted) => {
                    if let Some(grants) = &world.grants {
                        drop(grants.try_send((granted.contact, granted.token)));
                    }
                }
                ServerToConsole::Welcome(_)
                | ServerToConsole::LiveContacts(_)
                | ServerToConsole::Pong(_)
                | ServerToConsole::Queue(_)
                | ServerToConsole::ContactShown(_)
                | ServerToConsole::ContactCleared(_)
                | ServerToConsole::WrapUpSaved(_)
                | ServerToConsole::Today(_)
                | ServerToConsole::Refused(_)
                | ServerToConsole::LegAnswer(_)
                | ServerToConsole::Unknown { .. } => {}
            }
        }
    }

    fn stands(&mut self, state: &AgentState, chance: &mut Chance) {
        if self.contact == Some((state.presence, state.contact)) {
            return;
        }
        self.contact = Some((state.presence, state.contact));
        self.accepted &= state.presence == Presence::Ringing;
        let Manner { thinks_ms, talks_ms, wraps_up_ms, declines, ignores, .. } = self.manner.clone();
        let act = match (state.presence, state.contact) {
            (Presence::Away, _) => Some((thinks_ms, Act::Ready)),
            (Presence::Ringing, Some(contact)) if state.until.is_some() => match chance.percent(ignores) {
                true => None,
                false if chance.percent(declines) => Some((thinks_ms, Act::Decline(contact))),
                false => Some((thinks_ms, Act::Accept(contact))),
            },
            (Presence::Talking, Some(contact)) => Some((talks_ms, Act::HangUp(contact))),
            (Presence::WrapUp, Some(contact)) => Some((wraps_up_ms, Act::WrapUp(contact))),
            _ => None,
        };
        self.due = act.map(|((from, to), act)| (Instant::now() + chance.ms(from, to), act));
    }

    fn message(&mut self, act: Act) -> ConsoleToServer {
        match act {
            Act::Ready => GoReady {}.into(),
            Act::Accept(contact) => {
                self.accepted = true;
                Accept { contact }.into()
            }
            Act::Decline(contact) => Decline { contact }.into(),
            Act::HangUp(contact) => HangUp { contact }.into(),
            Act::WrapUp(contact) => {
                self.story.calls += 1;
                self.revision += 1;
                let wrap_up =
                    WrapUp { disposition: "Sold".into(), notes: "By the rig".into(), order: Vec::new() };
                SaveWrapUp { contact, wrap_up, revision: self.revision, done: true }.into()
            }
        }
    }
}

fn offer(leg: LegId) -> Vec<u8> {
    ConsoleToServer::from(LegOffer { leg, sdp: SDP.to_owned() }).encode()
}

async fn ripe(due: Option<(Instant, Act)>) -> Act {
    match due {
        Some((at, act)) => {
            sleep_until(at).await;
            act
        }
        None => std::future::pending().await,
    }
}
