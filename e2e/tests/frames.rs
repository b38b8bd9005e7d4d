//! Pages of other origins in frames: those of the business that carry the script are shown where they are, by the rules
//! of both; all others are boxes, and get nothing.
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use contact_server::archive::keys;
use e2e::{
    Person, StageOptions, agent, handset,
    main_job::Cast,
    merchant::{KEY, Merchant, Plot, Sheet},
    mirrored::{NEXT_FRAME, said},
    person::PATIENCE,
    shopper,
    tap::{Left, Tap},
};
use shared::{envelope, wire::mirror::PublisherToServer};

#[path = "frames/deep.rs"]
mod deep;

const REPLICA: &str = "document.querySelector('.page-view iframe')?.contentDocument";
const SECRET: &str = "kingfisher-7781";
const CARD: &str = "4111 1111 1111 1111";
/// The middle of the pointer is in the middle of the box.
const POINTED: &str = "() => { const view = document.querySelector('.page-view iframe'), pointer = document.querySelector('[data-replica-pointer]').getBoundingClientRect(); \
    const box = view.contentDocument.querySelector('#part').getBoundingClientRect(), at = view.getBoundingClientRect(), scale = at.width / view.clientWidth; \
    const apart = (a, b) => Math.abs(a - b) < 3; \
    return apart(pointer.x + pointer.width / 2, at.x + (box.x + box.width / 2) * scale) && apart(pointer.y + pointer.height / 2, at.y + (box.y + box.height / 2) * scale); }";
/// What a page in a frame does for the story: whoever wrote the story cannot reach into it from the page around.
const PUPPET: &str = "addEventListener('message', event => event.data.run && (0, eval)(event.data.run)); const tells = what => parent.postMessage(what, '*');";

/// A page keeps what those in its frames tell it.
const HEARS: &str = "<script>globalThis.told = []; addEventListener('message', event => event.data.told && told.push([event.data.told, event.data.what]));</script>";

/// The page around, and the pages in its frames: of the business's other site, and of a stranger.
struct Scene {
    cast: Cast,
    outer: Merchant,
    inner: Merchant,
    stranger: Merchant,
    /// Of its recordings.
    keys: PathBuf,
    _safe: tempfile::TempDir,
}

impl Scene {
    async fn open() -> Result<Self> {
        let (outer, inner, stranger) = (Plot::take().await?, Plot::take().await?, Plot::take().await?);
        let safe = tempfile::tempdir()?;
        let path = safe.path().join("recording.keys");
        keys::add(&path, "story")?;
        let options = StageOptions {
            origins: vec![outer.origin.clone(), inner.origin.clone()],
            business: vec![("hidden_pages", "/hidden*"), ("record_cobrowse", "true")],
            config: format!("recording_keys = '{}'\n", path.display()).leak(),
            ..StageOptions::default()
        };
        let cast = Cast::assemble(options).await?;
        cast.stage.admin(&["agent", "player", "--login", "ada", "true"]).await?;
        cast.shopper.context.add_init_script(deep::EYES).await?;
        let server = cast.stage.ready.url.clone();
        let tag = format!("<script async src='{server}/widget.js' {KEY} data-prefetch=no></script>");
        let sheet = |title: &str, body: String| Sheet {
            policy: None,
            html: format!(
                "<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title><script>{PUPPET}</script><body>{body}</html>"
            ),
        };
        let parts = parts(&inner.origin, &stranger.origin);
        let around = |title: &str| sheet(title, format!("<h1>{title}</h1>{parts}{}", tag));
        let delivery = format!(
            "<h2>Delivery</h2><p id=line>Two boxes</p><input id=name><div data-ringside-mask><input id=secret></div><p id=card></p>{}",
            tag
        );
        let forger = "<h2>Forger</h2><script>let heard = 0; addEventListener('message', event => { if (!event.data.run) heard++; tells({ told: 'forger', what: heard }); }); let asked = 0; setInterval(() => { parent.postMessage('ringside:part?', '*'); parent.postMessage('ringside:part', '*'); tells({ told: 'asked', what: ++asked }); }, 100);</script>";
        let second = format!("<h2>Second page</h2><p>Paid</p>{}", tag);
        let masked = format!("<h2>Masked from outside</h2>{}", tag);
        let bare = frame("part", &format!("{}/part", inner.origin), "") + HEARS;
        let mine = format!("<h2>Own page</h2>{}", tag);
        let deep = deep::pages(&outer.origin, &inner.origin, &tag);
        let page = |name: &str| sheet(name, deep[name].clone());
        Ok(Self {
            outer: outer.build([
                ("/", around("Outer")),
                ("/hidden", around("Hidden outer")),
                ("/own", sheet("Own", mine)),
                ("/deep", page("Deep")),
                ("/leaf", page("Leaf")),
                ("/till", page("Till")),
                ("/thanks", page("Thanks")),
            ]),
            inner: inner.build([
                ("/part", sheet("Part", delivery.clone())),
                ("/second", sheet("Second", second)),
                ("/masked", sheet("Masked", masked)),
                ("/nest", page("Nest")),
                ("/pay/card", page("Pay")),
            ]),
            stranger: stranger.build([
                ("/part", sheet("Stranger", delivery.replace("Two boxes", "Strange boxes"))),
                ("/forger", sheet("Forger", forger.into())),
                ("/bare", sheet("Bare", bare)),
            ]),
            cast,
            keys: path,
            _safe: safe,
        })
    }

    /// A call from the page at `path`, and an agent who sees it.
    async fn call(&self, path: &str, heading: &str) -> Result<()> {
        let Cast { stage, shopper, holder, agent, .. } = &self.cast;
        shopper.goes_to(&format!("{}{path}", self.outer.origin)).await?;
        shopper::asks_for_a_call(shopper, &stage.ready.handset_number, "Frames").await?;
        handset::answers(holder).await?;
        handset::presses(holder, '1').await?;
        agent::accepts(agent).await?;
        agent::talks(agent).await?;
        agent::sees_page(agent, heading).await
    }

    /// Runs a script in a page that lies in a frame.
    async fn run(&self, id: &str, script: &str) -> Result<()> {
        let ask = serde_json::json!({ "run": script });
        let send = format!(
            "() => {{ document.getElementById('{id}').contentWindow.postMessage({ask}, '*'); return true; }}"
        );
        self.cast.shopper.asks::<bool>(&send).await.map(drop)
    }

    /// Waits until the part of that frame holds the text.
    async fn shows(&self, id: &str, text: &str) -> Result<()> {
        let script = format!("() => ({}?.body?.innerText ?? '').includes('{text}')", part(id));
        let found = self.cast.agent.finds(&format!("#{id} shows `{text}`"), &script).await;
        found.with_context(|| said(&[&self.cast.shopper, &self.cast.agent]))
    }

    async fn is_a_box(&self, id: &str) -> Result<()> {
        let script = format!(
            "() => {REPLICA}?.querySelector('ringside-box#{id}') && !{REPLICA}.querySelector('#{id}[ringside-part]') && !{}",
            part(id)
        );
        self.cast.agent.finds(&format!("#{id} is a box"), &script).await
    }
}

fn frame(id: &str, address: &str, more: &str) -> String {
    format!("<iframe id={id} src='{address}' width=400 height=160 {more}></iframe>")
}

/// The frames of the page around: the business's, strangers' and the page's own.
fn parts(inner: &str, stranger: &str) -> String {
    let (part, masked) = (format!("{inner}/part"), format!("{inner}/masked"));
    let frames = [
        frame("part", &part, ""),
        frame("stranger", &format!("{stranger}/part"), ""),
        frame("forger", &format!("{stranger}/forger"), ""),
        frame("nobody", &part, "sandbox=allow-scripts"),
        frame("own", "/own", ""),
        format!("<div data-ringside-mask>{}</div>", frame("masked", &masked, "")),
    ];
    frames.concat() + HEARS
}

/// The document of a part in the replica.
fn part(id: &str) -> String {
    format!("{REPLICA}?.querySelector('#{id}')?.shadowRoot?.querySelector('iframe')?.contentDocument")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_the_business_in_a_frame_is_shown_and_a_strangers_is_not() -> Result<()> {
    let scene = Scene::open().await?;
    let (shopper, agent) = (&scene.cast.shopper, &scene.cast.agent);
    let tap = Tap::on(shopper).await?;
    one_button(&scene).await?;
    scene.call("/", "Outer").await?;
    scene.shows("part", "Two boxes").await?;

    // What is typed and what changes later.
    scene.run("part", "document.getElementById('name').focus()").await?;
    shopper.page.keyboard().type_text("Grandmother", None).await?;
    let value = format!("() => {}?.getElementById('name')?.value === 'Grandmother'", part("part"));
    agent.finds("the value is there", &value).await?;
    let change = format!(
        "line.textContent = 'Three boxes'; secret.value = '{SECRET}'; card.textContent = '{CARD}'; document.body.append(Object.assign(document.createElement('p'), {{ textContent: 'And a letter' }}))"
    );
    scene.run("part", &change).await?;
    scene.shows("part", "Three boxes").await?;
    scene.shows("part", "And a letter").await?;
    let size = format!("() => {}?.defaultView.innerWidth === 400", part("part"));
    agent.finds("it is laid out as wide as it is", &size).await?;

    let (x, y) = shopper.where_is("#part").await?;
    shopper.page.mouse().move_to(x, y, None).await?;
    agent.finds("the customer's pointer is in it", POINTED).await?;

    for id in ["stranger", "forger", "nobody", "masked"] {
        scene.is_a_box(id).await?;
    }
    led_away_and_back(&scene).await?;
    no_second_pill(&scene).await?;
    let trail = agent::trail(agent).await?;
    ensure!(!trail.iter().any(|path| path == "/own"), "a frame is no page that was visited: {trail:?}");
    nothing_leaked(&scene, &tap).await?;
    let folder = std::env::var_os("RINGSIDE_TEST_PICTURES").map(std::path::PathBuf::from);
    if let Some(folder) = folder {
        shopper.pictures(&folder.join("frames-page.png")).await?;
        agent.pictures(&folder.join("frames-console.png")).await?;
    }

    // The frame goes on to another page, to a stranger's, and away.
    scene.run("part", "location.href = '/second'").await?;
    scene.shows("part", "Second page").await?;
    scene.run("part", &format!("location.href = '{}/part'", scene.stranger.origin)).await?;
    scene.is_a_box("part").await?;
    let anew = format!(
        "() => {{ const frame = document.getElementById('part'); frame.remove(); frame.src = '{}/part'; document.body.append(frame); return true; }}",
        scene.inner.origin
    );
    shopper.asks::<bool>(&anew).await?;
    scene.shows("part", "Two boxes").await?;
    // From now on a rule of the page around names it.
    shopper
        .asks::<bool>(
            "() => { document.getElementById('part').setAttribute('data-ringside-block', ''); return true; }",
        )
        .await?;
    scene.is_a_box("part").await?;
    shopper
        .asks::<bool>(
            "() => { document.getElementById('part').removeAttribute('data-ringside-block'); return true; }",
        )
        .await?;
    scene.shows("part", "Two boxes").await?;
    deep::story(scene, &tap).await
}

/// A frame of the page's own origin is mirrored with it, and is a box while its script leads it to where nothing may be
/// seen.
async fn led_away_and_back(scene: &Scene) -> Result<()> {
    let Cast { shopper, agent, .. } = &scene.cast;
    let own = format!(
        "() => [...{REPLICA}.querySelectorAll('iframe')].some(frame => frame.contentDocument.body?.innerText.includes('Own page'))"
    );
    agent.finds("a frame of the same origin is mirrored by the page around it", &own).await?;
    let leads = |to: &str| {
        format!(
            "() => {{ document.getElementById('own').contentWindow.history.pushState(null, '', '{to}'); return true; }}"
        )
    };
    shopper.asks::<bool>(&leads("/hidden/own")).await?;
    scene.is_a_box("own").await?;
    shopper.asks::<bool>(&leads("/own")).await?;
    agent.finds("it is seen once it was led back", &own).await
}

/// A page in a frame has a button, unless the page around has one.
async fn one_button(scene: &Scene) -> Result<()> {
    let shopper = &scene.cast.shopper;
    let pill = "!!document.querySelector('ringside-widget')";
    shopper.goes_to(&format!("{}/bare", scene.stranger.origin)).await?;
    let asks = format!("setInterval(() => tells({{ told: 'pill', what: {pill} }}), 100)");
    scene.run("part", &asks).await?;
    let told = |what: bool| format!("() => told.some(([of, what]) => of === 'pill' && what === {what})");
    shopper.finds("in a page without the script it has its button", &told(true)).await?;
    shopper.goes_to(&format!("{}/", scene.outer.origin)).await?;
    scene.run("part", &asks).await?;
    shopper.finds("it has one before the form of the page around is there", &told(true)).await?;
    shopper::opens_the_form(shopper).await?;
    let last = "() => told.findLast(([of]) => of === 'pill')?.[1] === false";
    shopper.finds("and none from then on", last).await
}

/// The page has its button, and no page in a frame of it has one that is a part of it.
async fn no_second_pill(scene: &Scene) -> Result<()> {
    let shopper = &scene.cast.shopper;
    scene.run("part", "tells({ told: 'pill', what: !!document.querySelector('ringside-widget') })").await?;
    shopper
        .finds("the part has no button", "() => told.some(([of, what]) => of === 'pill' && !what)")
        .await?;
    let masked = "tells({ told: 'masked pill', what: !!document.querySelector('ringside-widget') })";
    scene.run("masked", masked).await?;
    let none = "() => told.some(([of, what]) => of === 'masked pill' && !what)";
    shopper.finds("one that is a box by the page's rules has none either", none).await?;
    let own: bool = shopper
        .asks("() => !!document.getElementById('own').contentDocument.querySelector('ringside-widget')")
        .await?;
    ensure!(!own, "a frame of the same origin has no button");
    let outer: bool = shopper.asks("() => !!document.querySelector('ringside-widget')").await?;
    ensure!(outer, "the page around has one");
    Ok(())
}

/// The stranger asked many times and was never answered; what is masked did not leave.
async fn nothing_leaked(scene: &Scene, tap: &Tap) -> Result<()> {
    let shopper = &scene.cast.shopper;
    shopper.finds("the forger asked", "() => told.filter(([of]) => of === 'asked').length > 20").await?;
    let answered: bool = shopper.asks("() => told.some(([of]) => of === 'forger')").await?;
    ensure!(!answered, "the forger heard something");
    tap.finds("Three boxes").await?;
    // What may be recorded is decided by it.
    let address = format!("{}/part", scene.inner.origin);
    let says = |left: &Left| {
        let mut rest = &left.bytes[..];
        while let Ok((6, _, after)) | Ok((5, _, after)) = envelope::split(rest) {
            let message = PublisherToServer::decode(&rest[..rest.len() - after.len()]);
            if let Ok(PublisherToServer::PartsSay(said)) = message
                && said.pages.iter().any(|page| page.url == address)
            {
                return true;
            }
            rest = after;
        }
        false
    };
    let said = tap.all().iter().any(says);
    ensure!(said, "the server was told what page is in the frame");
    for secret in [SECRET, CARD, "4111111111111111", "Strange boxes", "Masked from outside", "Forger"] {
        let doors = tap.search(secret);
        ensure!(doors.is_empty(), "`{secret}` left by {doors:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_page_hides_what_lies_in_its_frames() -> Result<()> {
    let scene = Scene::open().await?;
    let Cast { stage, shopper, holder, agent, .. } = &scene.cast;
    let tap = Tap::on(shopper).await?;
    shopper.goes_to(&format!("{}/hidden", scene.outer.origin)).await?;
    shopper::asks_for_a_call(shopper, &stage.ready.handset_number, "Frames").await?;
    handset::answers(holder).await?;
    handset::presses(holder, '1').await?;
    agent::accepts(agent).await?;
    agent::talks(agent).await?;
    let hidden = format!(
        "() => {REPLICA}?.querySelector('ringside-box[data-label]') && !{REPLICA}.querySelector('iframe')"
    );
    agent.finds("the page is one box", &hidden).await?;
    settle(shopper).await?;
    let doors = tap.search("Two boxes");
    ensure!(doors.is_empty(), "a part left by {doors:?}");
    shopper.goes_to(&format!("{}/", scene.outer.origin)).await?;
    scene.shows("part", "Two boxes").await?;
    tap.finds("Two boxes").await.map(drop)
}

/// The page in the frame asked, was there for a while, and the mirror looked several times.
async fn settle(shopper: &Person) -> Result<()> {
    let asked = "() => told.filter(([of]) => of === 'asked').length > 60";
    let waited = tokio::time::timeout(PATIENCE, async {
        while !shopper.asks::<bool>(asked).await? {
            shopper.asks::<bool>(NEXT_FRAME).await?;
        }
        anyhow::Ok(())
    });
    waited.await.context("the forger asks")?
}
