//! Many live contacts at once: an agent talks in each, and sees its page.
use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::{Context as _, Result, ensure};
use contact_core::Settings;
use shared::{AgentId, ContactId};
use tokio::{
    sync::mpsc,
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::{
    World,
    agent::{self, Manner},
    cobrowse::{self, Crowd, Relay, Stage},
    customer::{Wish, ask},
    people::{Chance, numbers},
    place::{Place, shortened},
};

/// All contacts of a crowd are live by then.
const LIVE_WITHIN: Duration = Duration::from_secs(120);
/// Everybody answers at once, presses 1 and stays on the line.
pub const STAYS: &str = "browsers = 'connected'\ncustomers = { answer = 1, no_answer = 0, busy = 0, rejected = 0, \
    failed = 0, rings_ms = [0, 50], presses_one = 1, presses_nine = 0, presses_nothing = 0, presses_ms = [0, 50], \
    patience_ms = [600000, 600000], talks_ms = [7200000, 7200000] }\n";

/// Settings under which a call lasts as long as the run.
pub fn patient() -> Settings {
    let mut settings = shortened();
    settings.wrap_up_limit = Duration::ZERO;
    settings.hold_limit = Duration::from_secs(600);
    settings.wait_limit = Duration::from_secs(7_200);
    settings.console_grace = Duration::from_secs(30);
    settings
}

/// Who is there.
pub struct Live {
    pub world: Arc<World>,
    pub relay: Relay,
    pub contacts: Vec<ContactId>,
    pub contact_tokens: Vec<String>,
    /// `viewers` for each contact, in the order of the contacts.
    pub viewer_tokens: Vec<Vec<String>>,
    pub desks: JoinSet<agent::Story>,
}

/// Lets so many agents sit down, and so many customers be connected to them.
pub async fn gather(
    place: &Place,
    agents: &[AgentId],
    contacts: usize,
    viewers: usize,
    seed: u64,
) -> Result<Live> {
    let (grants, mut granted) = mpsc::channel(contacts * viewers + 1);
    let mut world = World::new(place);
    world.grants = Some(grants);
    let world = Arc::new(world);
    let relay = Relay::Ringside { addr: place.addr, origin: place.origin() };
    let mut desks = JoinSet::new();
    for (n, cookie) in place.sessions(agents).await?.into_iter().enumerate() {
        let manner = Manner { views: viewers, ..Manner::eager((7_200_000, 7_200_000)) };
        desks.spawn(agent::work(world.clone(), cookie, manner, Chance::new(seed, &format!("agent {n}"))));
        if n % 20 == 19 {
            sleep(Duration::from_millis(50)).await;
        }
    }
    let (mut ids, mut contact_tokens) = (Vec::new(), Vec::new());
    let mut chance = Chance::new(seed, "crowd");
    for number in numbers().take(contacts) {
        let (accepted, _) = ask(&world, &Wish { number: Some(number), cancels: None }, &mut chance).await?;
        ids.push(accepted.contact);
        contact_tokens.push(accepted.token);
    }
    let mut tokens: BTreeMap<ContactId, Vec<String>> = BTreeMap::new();
    let all = async {
        for _ in 0..contacts * viewers {
            let (contact, token) = granted.recv().await.context("the agents have gone")?;
            tokens.entry(contact).or_default().push(token);
        }
        anyhow::Ok(())
    };
    let done = timeout(LIVE_WITHIN, all).await;
    ensure!(matches!(done, Ok(Ok(()))), "{} of {contacts} contacts are live in time", tokens.len());
    let viewer_tokens = ids.iter().map(|contact| tokens.remove(contact).unwrap_or_default()).collect();
    Ok(Live { world, relay, contacts: ids, contact_tokens, viewer_tokens, desks })
}

impl Live {
    /// Connects every page, and of each contact the viewers from the first to before the last.
    pub async fn connect(&self, stage: &Arc<Stage>, viewers: usize, crowd: &mut Crowd) {
        for (n, token) in self.contact_tokens.iter().enumerate() {
            crowd.spawn(cobrowse::publish(stage.clone(), self.relay.clone(), n, token.clone()));
            for token in self.viewer_tokens[n].iter().take(viewers) {
                let (stage, relay, token) = (stage.clone(), self.relay.clone(), token.clone());
                crowd.spawn(cobrowse::view(stage, relay, n, token, false));
            }
            if n % 20 == 19 {
                sleep(Duration::from_millis(50)).await;
            }
        }
        sleep(Duration::from_secs(2)).await;
    }
}
