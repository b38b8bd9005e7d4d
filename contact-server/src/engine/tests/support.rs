//! A business on a stage: the engine, a store that does as it is told, and ears for what leaves.
use std::sync::{
    Mutex,
    atomic::{AtomicU64, Ordering},
};

use contact_core::{
    Change, Notice, Settings, Snapshot,
    input::Idempotency,
    record::{AgentProfile, AgentStateRow, ContactRow, Person, TokenHash},
};
use shared::{
    LegId, StationId,
    api::{ContactDetail, ContactPage},
};
use store::{AgentLogin, Business, HistoryQuery, OwnerEpoch, PromptClip, Setup, Token};
use tokio::{
    sync::{Notify, watch},
    task::JoinHandle,
};

use super::*;
use crate::ports::Directory;

pub(super) const BUSINESS: BusinessId = BusinessId(1);
pub(super) const AGENT: AgentId = AgentId(7);
const STATION: StationId = StationId(70);

pub(super) fn contact(n: u32) -> ContactId {
    ContactId(1_000 + u128::from(n))
}

pub(super) fn request(n: u32) -> Input {
    Input::Requested(Box::new(requested(n)))
}

/// Each of its own number, key and token.
pub(super) fn requested(n: u32) -> Requested {
    let mut key = [0; 32];
    key[..4].copy_from_slice(&n.to_be_bytes());
    Requested {
        contact: contact(n),
        channel: Channel::Telephone,
        person: Person {
            e164: Some(format!("+4420794{n:05}")),
            region: Some("GB".into()),
            ..Person::default()
        },
        skill: String::new(),
        due: None,
        token: key,
        token_expires_at: Timestamp(u64::MAX),
        idempotency: Idempotency { key, body: key },
        consent: "1".into(),
    }
}

/// Lets every task run until it waits for something.
pub(super) async fn settle() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}

pub(super) struct Stage {
    pub(super) engines: Arc<Engines>,
    pub(super) store: Arc<FakeStore>,
    pub(super) clock: Arc<PausedClock>,
    pub(super) dials: mpsc::UnboundedReceiver<DialCommand>,
    journal: Arc<Journal>,
}

impl Stage {
    pub(super) async fn start() -> Self {
        let journal = Arc::new(Journal::default());
        let store = Arc::new(FakeStore::new(journal.clone()));
        Self::on(store, Arc::new(PausedClock::start()), journal).await
    }

    async fn on(store: Arc<FakeStore>, clock: Arc<PausedClock>, journal: Arc<Journal>) -> Self {
        let (dialer, dials) = mpsc::unbounded_channel();
        let world = World {
            store: store.clone(),
            clock: clock.clone(),
            directory: journal.clone(),
            dialer: Arc::new(Recorder(dialer)),
            witness: Arc::new(()),
            inputs_per_commit: crate::engine::INPUTS_PER_COMMIT,
        };
        let engines = Arc::new(Engines::new(world));
        engines.start(BUSINESS).await.unwrap();
        journal.take();
        Self { engines, store, clock, dials, journal }
    }

    /// Another process on the same data.
    pub(super) async fn restart(self) -> Self {
        self.engines.stop().await;
        Self::on(self.store, self.clock, self.journal).await
    }

    pub(super) async fn input(&self, input: Input) -> Result<(), EngineError> {
        self.engines.input(BUSINESS, input).await
    }

    pub(super) fn ask(&self, input: Input) -> JoinHandle<Result<(), EngineError>> {
        let engines = self.engines.clone();
        tokio::spawn(async move { engines.input(BUSINESS, input).await })
    }

    /// The lines since the last look.
    pub(super) fn journal(&mut self) -> Vec<String> {
        self.journal.take()
    }

    pub(super) async fn agent_is_ready(&self) {
        self.input(Input::SignedIn { agent: AGENT, station: STATION }).await.unwrap();
        self.input(Input::Ready(AGENT)).await.unwrap();
    }

    /// Waits for the next dial.
    pub(super) async fn originated(&mut self) -> (LegId, Endpoint) {
        loop {
            let DialCommand { leg, action, .. } = self.dials.recv().await.unwrap();
            if let Action::Originate { to, .. } = action {
                return (leg, to);
            }
        }
    }

    pub(super) async fn dialled(&mut self) -> Endpoint {
        self.originated().await.1
    }

    pub(super) async fn phase(&self, n: u32) -> Phase {
        self.engines.customer(BUSINESS, contact(n)).await.unwrap().unwrap().status.phase
    }

    /// Until the business is rebuilt; while that lasts, it is `Unavailable`.
    pub(super) async fn until_served(&self) {
        self.journal.rebuilt.notified().await;
    }
}

/// What happened, in order.
#[derive(Default)]
pub(super) struct Journal {
    lines: Mutex<Vec<String>>,
    rebuilt: Notify,
}

impl Journal {
    fn write(&self, line: &str) {
        self.lines.lock().unwrap().push(line.to_owned());
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.lines.lock().unwrap())
    }
}

impl Directory for Journal {
    fn tell(&self, _: BusinessId, notice: Notice) {
        self.write(match notice {
            Notice::Customer { .. } => "told customer",
            Notice::CustomerFinished { .. }
            | Notice::Agent { .. }
            | Notice::Shown { .. }
            | Notice::Cleared { .. }
            | Notice::Today { .. }
            | Notice::Queue(_)
            | Notice::Displaced { .. }
            | Notice::Lead { .. }
            | Notice::Live { .. }
            | Notice::Viewing { .. } => "told others",
        });
    }
    fn rebuilt(&self, _: BusinessId) {
        self.write("consoles called back");
        self.rebuilt.notify_one();
    }
    fn invite(&self, _: BusinessId, _: &Endpoint, _: LegId, _: &str) -> bool {
        unreachable!("the engine invites nobody")
    }
    fn leg_gone(&self, _: BusinessId, _: &Endpoint, _: LegId) {
        unreachable!("the engine knows no legs")
    }
}

struct Recorder(mpsc::UnboundedSender<DialCommand>);

impl Dialer for Recorder {
    fn command(&self, _: BusinessId, command: DialCommand) {
        // A test that does not listen does not care.
        drop(self.0.send(command));
    }
}

/// Follows tokio's paused time.
pub(super) struct PausedClock {
    start: tokio::time::Instant,
    floor: AtomicU64,
}

impl PausedClock {
    fn start() -> Self {
        Self { start: tokio::time::Instant::now(), floor: AtomicU64::new(0) }
    }
}

impl Clock for PausedClock {
    fn now(&self) -> Timestamp {
        let now = Timestamp(1_800_000_000_000) + self.start.elapsed();
        Timestamp(now.0.max(self.floor.load(Ordering::Relaxed)))
    }
    fn not_before(&self, floor: Timestamp) {
        self.floor.fetch_max(floor.0, Ordering::Relaxed);
    }
}

#[derive(Clone, Copy)]
pub(super) enum StoreFailure {
    Database,
    Fenced,
}

/// Keeps rows in memory as a real store would, commits when it is let, and fails when it is told.
pub(super) struct FakeStore {
    journal: Arc<Journal>,
    rows: Mutex<Snapshot>,
    epoch: AtomicU64,
    failure: Mutex<Option<StoreFailure>>,
    failing_loads: AtomicU64,
    failing_commits: AtomicU64,
    held: watch::Sender<bool>,
    begun: Notify,
}

impl FakeStore {
    fn new(journal: Arc<Journal>) -> Self {
        let rows = Snapshot {
            business_name: "Harbour & Pine".into(),
            settings: Settings {
                regions: ["GB".to_owned()].into(),
                open_contacts: 100_000,
                dial_budget: 100_000,
                ..Settings::default()
            },
            agents: vec![AgentProfile {
                id: AGENT,
                name: "Ada".into(),
                skills: Default::default(),
                supervisor: false,
                plays_recordings: false,
            }],
            ..Snapshot::default()
        };
        Self {
            journal,
            rows: Mutex::new(rows),
            epoch: AtomicU64::new(0),
            failure: Mutex::new(None),
            failing_loads: AtomicU64::new(0),
            failing_commits: AtomicU64::new(0),
            held: watch::Sender::new(false),
            begun: Notify::new(),
        }
    }

    /// From now on commits begin and do not end.
    pub(super) fn hold(&self) {
        self.held.send_replace(true);
    }

    pub(super) fn release(&self) {
        self.held.send_replace(false);
    }

    /// Waits until a commit has begun since the last time this was asked.
    pub(super) async fn commit_begun(&self) {
        self.begun.notified().await;
    }

    pub(super) fn fail_next(&self, failure: StoreFailure) {
        *self.failure.lock().unwrap() = Some(failure);
    }

    pub(super) fn fail_loads(&self, count: u64) {
        self.failing_loads.store(count, Ordering::Relaxed);
    }

    pub(super) fn fail_commits(&self, count: u32) {
        self.failing_commits.store(count.into(), Ordering::Relaxed);
    }

    pub(super) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Relaxed)
    }

    pub(super) fn open_contacts(&self) -> usize {
        self.rows.lock().unwrap().contacts.len()
    }

    /// Something was stored at that time.
    pub(super) fn has_seen(&self, at: Timestamp) {
        self.rows.lock().unwrap().last_at = at;
    }
}

fn away() -> StoreError {
    StoreError::Database("the disk is full".into())
}

/// Writes one change as the real stores do.
fn write(rows: &mut Snapshot, change: &Change) {
    match change.clone() {
        Change::Event(at, _) | Change::Alive(at) => rows.last_at = rows.last_at.max(at),
        Change::Contact(row) => {
            rows.last_place = rows.last_place.max(row.place);
            let known = rows.contacts.iter().position(|(known, _)| known.id == row.id);
            let person = known.map(|at| rows.contacts.remove(at).1).unwrap_or_default();
            if !row.closed {
                rows.contacts.push((row, person));
            }
        }
        Change::Person(id, person) => {
            if let Some((_, known)) = rows.contacts.iter_mut().find(|(row, _)| row.id == id) {
                *known = person;
            }
        }
        Change::Leg(leg) => {
            rows.legs.retain(|known| known.leg != leg.leg);
            rows.legs.push(leg);
        }
        Change::AgentState(state) => {
            rows.agent_states.retain(|known: &AgentStateRow| known.id != state.id);
            rows.agent_states.push(state);
        }
        Change::Idempotency { key, body, contact, expires_at } => {
            rows.idempotency.push((key, body, contact, expires_at));
        }
        Change::Settings(settings) => rows.settings = settings,
        Change::AgentProfile(_)
        | Change::AgentRemoved(_)
        | Change::PageViewed(..)
        | Change::Context(..)
        | Change::WrapUp { .. }
        | Change::ContactToken { .. }
        | Change::ContactTokensEnd { .. }
        | Change::OptOut { .. }
        | Change::Erased(_) => {}
    }
}

#[async_trait]
impl Store for FakeStore {
    async fn claim(&self, _: BusinessId) -> Result<OwnerEpoch, StoreError> {
        Ok(OwnerEpoch(self.epoch.fetch_add(1, Ordering::Relaxed) + 1))
    }

    async fn load(&self, _: BusinessId, _: Timestamp) -> Result<Snapshot, StoreError> {
        let fails = |left: u64| left.checked_sub(1);
        if self.failing_loads.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fails).is_ok() {
            return Err(away());
        }
        Ok(self.rows.lock().unwrap().clone())
    }

    async fn commit(&self, _: BusinessId, epoch: OwnerEpoch, changes: &[Change]) -> Result<u64, StoreError> {
        self.journal.write("commit begins");
        self.begun.notify_one();
        let mut held = self.held.subscribe();
        held.wait_for(|held| !held).await.unwrap();
        if epoch.0 != self.epoch() {
            return Err(StoreError::Fenced);
        }
        let fails = |left: u64| left.checked_sub(1);
        if self.failing_commits.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fails).is_ok() {
            return Err(away());
        }
        match self.failure.lock().unwrap().take() {
            Some(StoreFailure::Database) => return Err(away()),
            Some(StoreFailure::Fenced) => return Err(StoreError::Fenced),
            None => {}
        }
        let mut rows = self.rows.lock().unwrap();
        changes.iter().for_each(|change| write(&mut rows, change));
        self.journal.write("committed");
        Ok(0)
    }

    async fn put_business(&self, _: &Business, _: &Settings) -> Result<(), StoreError> {
        not_asked()
    }
    async fn businesses(&self) -> Result<Vec<Business>, StoreError> {
        not_asked()
    }
    async fn put_agent(&self, _: BusinessId, _: &AgentProfile, _: &str, _: &str) -> Result<(), StoreError> {
        not_asked()
    }
    async fn find_login(&self, _: &str) -> Result<Option<AgentLogin>, StoreError> {
        not_asked()
    }
    async fn agent_login(&self, _: BusinessId, _: AgentId) -> Result<Option<AgentLogin>, StoreError> {
        not_asked()
    }
    async fn setup(&self, _: BusinessId) -> Result<Setup, StoreError> {
        not_asked()
    }
    async fn setup_version(&self) -> Result<u64, StoreError> {
        not_asked()
    }
    async fn put_prompt(&self, _: BusinessId, _: &PromptClip) -> Result<(), StoreError> {
        not_asked()
    }
    async fn prompts(&self, _: BusinessId) -> Result<Vec<PromptClip>, StoreError> {
        not_asked()
    }
    async fn find_contact_token(
        &self,
        _: &TokenHash,
        _: Timestamp,
    ) -> Result<Option<(BusinessId, ContactId)>, StoreError> {
        not_asked()
    }
    async fn replace_contact_token(
        &self,
        _: BusinessId,
        _: ContactId,
        _: &TokenHash,
        _: Timestamp,
    ) -> Result<(), StoreError> {
        not_asked()
    }
    async fn put_token(&self, _: &Token) -> Result<(), StoreError> {
        not_asked()
    }
    async fn find_token(&self, _: &TokenHash, _: Timestamp) -> Result<Option<Token>, StoreError> {
        not_asked()
    }
    async fn take_token(&self, _: &TokenHash, _: Timestamp) -> Result<Option<Token>, StoreError> {
        not_asked()
    }
    async fn revoke_token(&self, _: &TokenHash) -> Result<(), StoreError> {
        not_asked()
    }
    async fn revoke_agent_sessions(&self, _: BusinessId, _: AgentId) -> Result<(), StoreError> {
        not_asked()
    }
    async fn history(&self, _: BusinessId, _: &HistoryQuery) -> Result<ContactPage, StoreError> {
        not_asked()
    }
    async fn contact(&self, _: BusinessId, _: ContactId) -> Result<Option<ContactDetail>, StoreError> {
        not_asked()
    }
    async fn contact_row(&self, _: BusinessId, _: ContactId) -> Result<Option<ContactRow>, StoreError> {
        not_asked()
    }
    async fn earlier_contacts(&self, _: BusinessId, _: ContactId) -> Result<u32, StoreError> {
        not_asked()
    }
    async fn sweep(&self, _: Timestamp) -> Result<(), StoreError> {
        not_asked()
    }
    async fn ping(&self) -> Result<(), StoreError> {
        not_asked()
    }
    fn records(&self) -> &dyn store::Records {
        unreachable!("the engine does not ask this")
    }
}

fn not_asked<T>() -> Result<T, StoreError> {
    unreachable!("the engine does not ask this")
}
