//! What was recorded of a page: what a viewer was shown and no more, sealed, for those who may play it.
use std::path::PathBuf;

use contact_core::{Input, record::AgentProfile};
use contact_server::{
    archive::keys::{self, KeyRing},
    limits::PARTS,
    run::Running,
};
use serde_json::json;
use shared::{
    DocumentId, TabId,
    api::{PlayGranted, Recordings},
    close, consent,
    wire::{
        mirror::*,
        recording::Recorded,
        widget::{self, WidgetToServer},
    },
};
use store::Business;

use super::{
    mirror::{Stage, Viewer, frame},
    support::*,
};

mod counted;
mod frames;

const DOCUMENT: DocumentId = DocumentId(0xD0C);
const AGREED: &str = "1+rec1";

/// Its business records, and ada may play.
async fn recording_server(change: impl FnOnce(&mut Business)) -> Server {
    let server = server_with(|config, _| {
        let path = config.data.join("recording.keys");
        keys::add(&path, "test").unwrap();
        config.recording_keys = Some(path);
    })
    .await;
    let app = &running(&server).app;
    let site = app.sites.by_key(KEY).unwrap();
    let mut business = site.business.clone();
    business.record_cobrowse = true;
    change(&mut business);
    app.store.put_business(&business, &site.settings).await.unwrap();
    plays(&server, "ada", true).await;
    app.sites.put(contact_server::sites::Site { business, settings: site.settings.clone() });
    server
}

/// As `ringside admin agent player` does.
async fn plays(server: &Server, login: &str, yes: bool) {
    let store = &running(server).app.store;
    let known = store.find_login(login).await.unwrap().unwrap();
    let agents = store.setup(known.business).await.unwrap().agents;
    let profile = agents.into_iter().find(|profile| profile.id == known.agent).unwrap();
    let profile = AgentProfile { plays_recordings: yes, ..profile };
    store.put_agent(known.business, &profile, &known.login, &known.password_hash).await.unwrap();
}

fn running(server: &Server) -> &Running {
    server.running.as_ref().unwrap()
}

/// A frame behind what the page says of itself.
fn of_page(url: &str, secret_fields: bool, frame: Vec<u8>) -> Vec<u8> {
    let mut message = PublisherToServer::from(PageSays { url: url.into(), secret_fields }).encode();
    message.extend(frame);
    message
}

async fn page_with(stage: &Stage, url: &str, first: &[u8]) -> Socket {
    let mut page = stage.page(TabId(1), DOCUMENT).await;
    page.send(of_page(url, false, frame(FrameKind::Keyframe, 1, 0, first))).await;
    page
}

/// Sends a frame and waits until the viewer has it, so that it was taken.
async fn shown(page: &mut Socket, viewer: &mut Viewer, message: Vec<u8>) {
    page.send(message).await;
    viewer.frame().await;
}

impl Stage {
    fn path(&self, rest: &str) -> String {
        format!("{}/{rest}", contact_path(self.contact))
    }

    async fn recordings(&self, agent: &Agent) -> Recordings {
        let answer = self.server.ask("GET", &self.path("recordings")).agent(agent).send().await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        serde_json::from_str(&answer.body).unwrap()
    }

    /// Ends the contact, and waits until what was recorded is on disk.
    async fn ends(&self, agent: &Agent) -> Recordings {
        let mut widget = self.server.widget(&self.token).await;
        widget.send(WidgetToServer::from(widget::Cancel {}).encode()).await;
        widget.closed().await;
        running(&self.server).app.archive.stop().await;
        self.recordings(agent).await
    }

    /// Everything that was recorded, opened.
    async fn played(&self, agent: &Agent, recordings: &Recordings) -> Vec<Recorded> {
        let ask = self.server.post(&self.path("plays"), &self.server.origin, json!({})).agent(agent);
        let granted = ask.header("x-ringside-csrf", &agent.csrf).send().await;
        assert_eq!(granted.status, 200, "{}", granted.body);
        let granted: PlayGranted = serde_json::from_str(&granted.body).unwrap();
        let mut entries = Vec::new();
        for part in &recordings.parts {
            for segment in &part.segments {
                let path = self.path(&format!("recordings/{}/{}", part.recording, segment.number));
                let ask = self.server.ask("GET", &path).agent(agent);
                let answer = ask.header("x-ringside-play", &granted.token).send().await;
                assert_eq!(answer.status, 200, "{}", answer.body);
                let mut rest = &answer.bytes[..];
                while !rest.is_empty() {
                    let (entry, after) = Recorded::split(rest).unwrap();
                    entries.push(entry);
                    rest = after;
                }
            }
        }
        entries
    }

    /// Segments in one answer are those that come one by one; there are no others to be had.
    async fn plays_several(&self, agent: &Agent, recordings: &Recordings) {
        let ask = self.server.post(&self.path("plays"), &self.server.origin, json!({})).agent(agent);
        let granted = ask.header("x-ringside-csrf", &agent.csrf).send().await;
        let granted: PlayGranted = serde_json::from_str(&granted.body).unwrap();
        let get = async |rest: String| {
            let path = self.path(&format!("recordings/{}/{rest}", recordings.parts[0].recording));
            let ask = self.server.ask("GET", &path).agent(agent);
            ask.header("x-ringside-play", &granted.token).send().await
        };
        let count = recordings.parts[0].segments.len();
        let mut singly = Vec::new();
        for number in 0..count {
            singly.extend(get(number.to_string()).await.bytes);
        }
        assert_eq!(get(format!("0?last={}", count - 1)).await.bytes, singly);
        assert_eq!(get(format!("0?last={count}")).await.status, 404);
        assert_eq!(get("0?last=4294967295".into()).await.status, 404);
        assert_eq!(get("0?last=-1".into()).await.status, 400);
    }

    fn files(&self) -> Vec<PathBuf> {
        let folder = running(&self.server).app.config.data.join("recordings");
        let mut files = Vec::new();
        let mut folders = vec![folder];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() { folders.push(path) } else { files.push(path) }
            }
        }
        files
    }
}

/// What the frames hold, and what is said to be missing.
fn told(entries: &[Recorded]) -> Vec<String> {
    let told = entries.iter().filter_map(|entry| match entry {
        Recorded::Told(told) => {
            if let ServerToViewer::StreamFrame(frame) = ServerToViewer::decode(&told.message).unwrap() {
                Some(String::from_utf8(frame.bytes).unwrap())
            } else {
                None
            }
        }
        Recorded::Missed(missed) => Some(format!("{:?}", missed.why)),
        Recorded::Led(_) | Recorded::Unknown { .. } => None,
    });
    told.collect()
}

#[tokio::test]
async fn what_a_viewer_was_shown_is_recorded_but_for_payment_pages() {
    let stage = Stage::on(recording_server(|_| {}).await, AGREED).await;
    // Nobody looks yet: what is there when somebody comes is the first that is recorded.
    let mut page = page_with(&stage, "http://shop.test/lamps", b"lamps").await;
    let mut widget = stage.server.widget(&stage.token).await;
    let mut viewer = stage.viewer(None).await;
    viewer.frame().await;
    let status = widget.status(|status| !status.viewers.is_empty()).await;
    assert_eq!(status.viewers, ["Ada", consent::RECORDER], "the customer is told");
    shown(&mut page, &mut viewer, frame(FrameKind::Patch, 1, 1, b"a lamp")).await;

    let pays =
        of_page("http://shop.test/checkout", false, frame(FrameKind::Patch, 1, 2, b"4242 at checkout"));
    shown(&mut page, &mut viewer, pays).await;
    shown(&mut page, &mut viewer, frame(FrameKind::Patch, 1, 3, b"4242 again")).await;
    let form =
        of_page("http://shop.test/lamps", true, frame(FrameKind::Patch, 1, 4, b"4242 in a card's field"));
    shown(&mut page, &mut viewer, form).await;
    // Back, but on top of what was left out: nothing before the next keyframe.
    let back = of_page("http://shop.test/lamps", false, frame(FrameKind::Patch, 1, 5, b"4242 is gone"));
    shown(&mut page, &mut viewer, back).await;
    shown(&mut page, &mut viewer, frame(FrameKind::Keyframe, 2, 0, b"thanks")).await;
    shown(&mut page, &mut viewer, frame(FrameKind::Pointer, 2, 0, b"pointer")).await;

    let recordings = stage.ends(&stage.ada).await;
    assert_eq!((recordings.parts.len(), &recordings.origins[..]), (1, &[SHOP.to_owned()][..]));
    assert!(recordings.parts[0].whole);
    let entries = stage.played(&stage.ada, &recordings).await;
    assert_eq!(told(&entries), ["lamps", "a lamp", "LeftOut", "thanks", "pointer"]);
    assert!(entries.windows(2).all(|pair| pair[0].at() <= pair[1].at()));
    assert!(!format!("{entries:?}").contains("4242"));
    let files = stage.files();
    assert_eq!(files.len(), 1);
    let sealed = std::fs::read(&files[0]).unwrap();
    assert!(!sealed.windows(4).any(|window| window == b"lamp"), "the file tells nothing");
}

/// What the pages in the page's frames are.
fn parts(pages: &[(&str, bool)]) -> Vec<u8> {
    let pages = pages
        .iter()
        .map(|(url, secret_fields)| PageSays { url: (*url).into(), secret_fields: *secret_fields });
    PublisherToServer::from(PartsSay { pages: pages.collect() }).encode()
}

#[tokio::test]
async fn a_payment_page_in_a_frame_keeps_the_page_around_it_from_being_recorded() {
    let stage = Stage::on(recording_server(|_| {}).await, AGREED).await;
    let mut page = page_with(&stage, "http://shop.test/lamps", b"lamps").await;
    let mut viewer = stage.viewer(None).await;
    viewer.frame().await;
    page.send(parts(&[("http://help.test/chat", false)])).await;
    shown(&mut page, &mut viewer, frame(FrameKind::Patch, 1, 1, b"a chat")).await;
    page.send(parts(&[("http://help.test/chat", false), ("http://till.test/pay", false)])).await;
    shown(&mut page, &mut viewer, frame(FrameKind::Patch, 1, 2, b"4242 at the till")).await;
    page.send(parts(&[("http://till.test/card", true)])).await;
    shown(&mut page, &mut viewer, frame(FrameKind::Patch, 1, 3, b"4242 in a field")).await;
    shown(&mut page, &mut viewer, frame(FrameKind::Keyframe, 2, 0, b"4242 in a keyframe")).await;
    page.send(parts(&[])).await;
    shown(&mut page, &mut viewer, frame(FrameKind::Patch, 2, 1, b"4242 is gone")).await;
    shown(&mut page, &mut viewer, frame(FrameKind::Keyframe, 3, 0, b"thanks")).await;
    let recordings = stage.ends(&stage.ada).await;
    let entries = stage.played(&stage.ada, &recordings).await;
    assert_eq!(told(&entries), ["lamps", "a chat", "LeftOut", "thanks"]);
}

#[tokio::test]
async fn of_what_a_message_says_of_its_page_the_last_word_counts_and_too_many_frames_end_it() {
    let stage = Stage::on(recording_server(|_| {}).await, AGREED).await;
    let mut page = page_with(&stage, "http://shop.test/lamps", b"lamps").await;
    let mut viewer = stage.viewer(None).await;
    viewer.frame().await;
    let says = |secret_fields, behind| of_page("http://shop.test/lamps", secret_fields, behind);
    let plain = says(true, says(false, frame(FrameKind::Patch, 1, 1, b"a lamp")));
    shown(&mut page, &mut viewer, plain).await;
    let secret = says(false, says(true, frame(FrameKind::Patch, 1, 2, b"4242 in a field")));
    shown(&mut page, &mut viewer, secret).await;
    page.send(parts(&[("http://help.test/", false); PARTS])).await;
    shown(&mut page, &mut viewer, frame(FrameKind::Patch, 1, 3, b"4242 still")).await;
    page.send([parts(&[("http://help.test/", false); PARTS + 1]), parts(&[])].concat()).await;
    assert_eq!(page.closed().await, close::MALFORMED);
    let recordings = stage.ends(&stage.ada).await;
    let entries = stage.played(&stage.ada, &recordings).await;
    assert_eq!(told(&entries), ["lamps", "a lamp", "LeftOut"]);
}

#[tokio::test]
async fn only_who_may_play_does_and_only_after_it_was_put_on_record() {
    let stage = Stage::on(recording_server(|_| {}).await, AGREED).await;
    let grace = stage.server.sign_in("grace", contact_server::demo::PASSWORD).await;
    let ada = &stage.ada;
    let mut page = page_with(&stage, "http://shop.test/", b"home").await;
    let mut viewer = stage.viewer(None).await;
    viewer.frame().await;
    shown(&mut page, &mut viewer, frame(FrameKind::Patch, 1, 1, b"more")).await;
    let recordings = stage.ends(&stage.ada).await;
    let segment = stage.path(&format!("recordings/{}/0", recordings.parts[0].recording));
    let answer = stage.server.ask("GET", &segment).agent(ada).send().await;
    assert_eq!(answer.problem(), "no_player", "not without leave");
    for path in [&stage.path("recordings"), &segment] {
        let answer = stage.server.ask("GET", path).agent(&grace).send().await;
        assert_eq!(answer.problem(), "no_player");
    }
    let asks = stage.server.post(&stage.path("plays"), &stage.server.origin, json!({})).agent(&grace);
    assert_eq!(asks.header("x-ringside-csrf", &grace.csrf).send().await.problem(), "no_player");
    let asks = stage.server.post(&stage.path("plays"), &stage.server.origin, json!({})).agent(ada);
    assert_eq!(asks.send().await.problem(), "cross_site");

    assert_eq!(played_events(&stage.server, "before").await, 0);
    stage.played(&stage.ada, &recordings).await;
    stage.plays_several(ada, &recordings).await;
    assert_eq!(played_events(&stage.server, "after").await, 2, "each playing is an event");
    // Whoever may no longer, may not with leave that was given before.
    plays(&stage.server, "ada", false).await;
    let answer = stage.server.ask("GET", &segment).agent(ada).send().await;
    assert_eq!(answer.problem(), "no_player");
}

/// Events of that kind in a copy of the database.
async fn played_events(server: &Server, name: &str) -> usize {
    let app = &running(server).app;
    let copy = app.config.data.join(name);
    app.store.records().backup(&copy).await.unwrap();
    let (bytes, wanted) = (std::fs::read(copy).unwrap(), b"recording_played");
    bytes.windows(wanted.len()).filter(|window| window == wanted).count()
}

#[tokio::test]
async fn nothing_is_recorded_unless_the_business_and_the_customer_agreed() {
    // The business does not record, as by default.
    let stage = Stage::on(recording_server(|business| business.record_cobrowse = false).await, "1").await;
    not_recorded(&stage).await;
    // It does, but this customer agreed before it did.
    let server = recording_server(|business| business.record_cobrowse = false).await;
    let stage = Stage::on(server, "1").await;
    let app = &running(&stage.server).app;
    let site = app.sites.by_key(KEY).unwrap();
    let business = Business { record_cobrowse: true, ..site.business.clone() };
    app.sites.put(contact_server::sites::Site { business, settings: site.settings.clone() });
    not_recorded(&stage).await;
    // Both agreed, but the page does not say what it is.
    let stage = Stage::on(recording_server(|_| {}).await, AGREED).await;
    not_recorded(&stage).await;
}

/// A page that says nothing of itself, and a viewer who sees it.
async fn not_recorded(stage: &Stage) {
    let mut page = stage.page(TabId(1), DOCUMENT).await;
    page.send(frame(FrameKind::Keyframe, 1, 0, b"a page")).await;
    let mut viewer = stage.viewer(None).await;
    viewer.frame().await;
    shown(&mut page, &mut viewer, frame(FrameKind::Patch, 1, 1, b"more")).await;
    assert_eq!(stage.ends(&stage.ada).await.parts, []);
    assert_eq!(stage.files(), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn the_text_above_the_button_says_that_it_is_recorded() {
    let server = recording_server(|_| {}).await;
    let info = server.ask("GET", &format!("/api/v1/sites/{KEY}")).header("origin", SHOP).send().await.json();
    assert_eq!(info["consent_version"], AGREED);
    assert_eq!(info["consent_text"], format!("{} {}", consent::TEXT, consent::RECORDING_TEXT));
    let refused = server.request(call("020 7946 0100")).send().await;
    assert_eq!(refused.problem(), "consent_outdated");
    let mut asked = call("020 7946 0100");
    asked["consent"] = AGREED.into();
    let accepted = server.accepted(asked).await;
    let ada = server.ada().await;
    let detail = server.ask("GET", &contact_path(accepted.contact)).agent(&ada).send().await.json();
    assert_eq!(detail["consent_text"], info["consent_text"], "and what was agreed to is kept");
}

#[tokio::test]
async fn an_erased_customer_takes_the_key_along_and_copies_of_the_file_are_noise() {
    let stage = Stage::on(recording_server(|_| {}).await, AGREED).await;
    let mut page = page_with(&stage, "http://shop.test/", b"home").await;
    let mut viewer = stage.viewer(None).await;
    viewer.frame().await;
    shown(&mut page, &mut viewer, frame(FrameKind::Patch, 1, 1, b"plum velocipede")).await;
    let recordings = stage.ends(&stage.ada).await;
    let app = &running(&stage.server).app;
    let business = app.sites.by_key(KEY).unwrap().business.id;
    let kept = app.store.records().recordings_of(business, stage.contact).await.unwrap();
    let copied = std::fs::read(&stage.files()[0]).unwrap();
    let ring = KeyRing::read(app.config.recording_keys.as_deref().unwrap()).unwrap();
    assert!(ring.open(&kept[0]).is_ok(), "the control: with its row it opens");
    assert!(!told(&stage.played(&stage.ada, &recordings).await).is_empty());

    app.engine.input(business, Input::Erased(vec![stage.contact])).await.unwrap();
    assert_eq!(stage.files(), Vec::<PathBuf>::new(), "the file is gone");
    assert_eq!(app.store.records().recordings_of(business, stage.contact).await.unwrap(), []);
    app.store.records().scrub().await.unwrap();
    // No file of the data folder holds the locked key any more, so that a copy of the recording opens with nothing.
    let data = &app.config.data;
    for entry in std::fs::read_dir(data).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap_or_default();
        let holds = bytes.windows(kept[0].locked.len()).any(|window| window == kept[0].locked);
        assert!(!holds, "{}", path.display());
    }
    assert!(!copied.windows(4).any(|window| window == b"plum"));
    assert_eq!(stage.recordings(&stage.ada).await.parts, []);
}
