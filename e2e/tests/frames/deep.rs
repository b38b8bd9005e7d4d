//! A part within a part: seen, also by who comes late and by who reads nothing for a while; acted in; stopped; and recorded,
//! but for a payment page in a frame.
use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use e2e::{
    Person, agent,
    main_job::Cast,
    mirrored::{NEXT_FRAME, said},
    person::PATIENCE,
    recorded::recorded_texts,
    relay::Relay,
    tap::Tap,
};

use playwright_rs::protocol::{ColorScheme, EmulateMediaOptions, Viewport};

use crate::{REPLICA, Scene};

/// The closed shadow root of what agents do opens for the story's eyes.
pub(crate) const EYES: &str = "const attach = Element.prototype.attachShadow;
    Element.prototype.attachShadow = function (init) { return attach.call(this, { ...init, mode: 'open' }); };";
const HAND: &str = "ringside-hand";
/// Masked in the page around, and repeated by the page in the frame.
const HUSH: &str = "plum velocipede 77";
const PAY: &str = "quince marmalade";
/// Deeds are tried again where a keyframe came between the look and the deed, as an agent would.
const LOOKS: usize = 3;
/// Changes of a part while a viewer reads nothing, and the bytes of each.
const UNREAD: u32 = 12;

/// What lies in the frames, by title.
pub(crate) fn pages(outer: &str, inner: &str, tag: &str) -> BTreeMap<&'static str, String> {
    let frame = |id: &str, address: String, height: u32| {
        format!("<iframe id={id} src='{address}' width=480 height={height}></iframe>")
    };
    let told = "<script>globalThis.told = []; addEventListener('message', event => event.data.told && told.push([event.data.told, event.data.what]));</script>";
    BTreeMap::from([
        (
            "Deep",
            format!(
                "<h1>Deep outer</h1><p>Password <input id=hush type=password></p><button id=own>Own</button>{}{told}{tag}",
                frame("nest", format!("{inner}/nest"), 420)
            ),
        ),
        (
            "Nest",
            format!(
                "<h2>Nest</h2><p id=line>Nothing</p><p><input id=name> <input id=secret type=password> <button id=go onclick=\"tells({{ told: 'went', what: true }})\">Go</button> <a id=away href='https://elsewhere.example/'>Away</a></p>{}<script>name.oninput = () => tells({{ told: 'noticed', what: name.value }});</script>{tag}",
                frame("leaf", format!("{outer}/leaf"), 200)
            )
            .replace("name.oninput", "document.getElementById('name').oninput")
            .replace("what: name.value", "what: document.getElementById('name').value"),
        ),
        (
            "Leaf",
            format!(
                "<h3>Leaf</h3><p id=line>Green</p><button id=pick onclick=\"top.postMessage({{ told: 'picked', what: true }}, '*')\">Pick</button>{}{tag}",
                // It asks for nothing secret: what lies so deep decides what is recorded, too.
                frame("below", format!("{inner}/second"), 60)
            ),
        ),
        ("Till", format!("<h1>Till</h1>{}{told}{tag}", frame("pay", format!("{inner}/pay/card"), 160))),
        ("Pay", format!("<h2>{PAY}</h2><p id=line>Amount</p>{tag}")),
        (
            "Thanks",
            format!("<h1>Thanks</h1>{}{told}{tag}", frame("nest", format!("{inner}/nest"), 420)),
        ),
    ])
}

/// The document at the end of a path of frames in the replica.
fn document(path: &[&str]) -> String {
    let within =
        |id: &&str| format!("?.querySelector('#{id}')?.shadowRoot?.querySelector('iframe')?.contentDocument");
    REPLICA.to_owned() + &path.iter().map(within).collect::<String>()
}

async fn shows(person: &Person, path: &[&str], text: &str) -> Result<()> {
    let script = format!("() => ({}?.body?.innerText ?? '').includes('{text}')", document(path));
    let found = person.finds(&format!("{path:?} shows `{text}`"), &script).await;
    found.with_context(|| said(&[person]))
}

/// Where an element of a part stands in the agent's window.
async fn at(agent: &Person, path: &[&str], selector: &str) -> Result<(f64, f64)> {
    let path = serde_json::to_string(path)?;
    let script = format!(
        "() => {{ const frame = document.querySelector('.page-view iframe'), box = frame.getBoundingClientRect(), scale = box.width / frame.offsetWidth;
            let of = frame.contentDocument, x = 0, y = 0;
            for (const id of {path}) {{ const inner = of.querySelector('#' + id).shadowRoot.querySelector('iframe'), r = inner.getBoundingClientRect(); x += r.left; y += r.top; of = inner.contentDocument; }}
            const r = of.querySelector('{selector}').getBoundingClientRect();
            return [box.left + (x + r.left + r.width / 2) * scale, box.top + (y + r.top + r.height / 2) * scale]; }}"
    );
    let [x, y]: [f64; 2] = agent.asks(&script).await?;
    Ok((x, y))
}

async fn presses(agent: &Person, path: &[&str], selector: &str) -> Result<()> {
    let (x, y) = at(agent, path, selector).await?;
    agent.page.mouse().click(x, y, None).await.context("the agent presses")
}

async fn reads(agent: &Person, text: &str) -> Result<()> {
    agent.sees(&format!(".lead-state:has-text(\"{text}\")")).await.map(drop)
}

/// What a page in a frame told the page around it.
fn told(of: &str, what: &str) -> String {
    format!("() => told.some(([of, what]) => of === '{of}' && what === {what})")
}

pub(crate) async fn story(scene: Scene, tap: &Tap) -> Result<()> {
    let Cast { shopper, agent, .. } = &scene.cast;
    shopper.goes_to(&format!("{}/deep", scene.outer.origin)).await?;
    agent::sees_page(agent, "Deep outer").await?;
    shows(agent, &["nest", "leaf"], "Green").await?;
    let below = format!(
        "() => {0}?.querySelector('ringside-box#below') && !{0}.querySelector('#below[ringside-part]')",
        document(&["nest", "leaf"])
    );
    agent.finds("what lies deeper is a box", &below).await?;
    late_and_stalled(&scene).await.context("late and stalled viewers")?;
    hushed(&scene, tap).await.context("what the page around masks")?;
    deeds(&scene).await.context("deeds in parts")?;
    stops(&scene).await.context("stopping from within a part")?;
    recorded(scene).await.context("the recording")
}

/// Somebody comes when all is there, reads nothing while it changes, and catches up.
async fn late_and_stalled(scene: &Scene) -> Result<()> {
    let Cast { stage, troupe, shopper, agent, .. } = &scene.cast;
    let create = ["agent", "create", "--business", "harbour-and-pine", "--login", "eve", "--name", "Eve"];
    let printed = stage.admin(&[&create[..], &["--supervisor"]].concat()).await?;
    let password = printed.lines().find_map(|line| line.strip_prefix("password "));
    let relay = Relay::before(&stage.ready.url).await?;
    let eve = troupe.reader_behind("eve", &relay).await?;
    agent::signs_in_as(&eve, &stage.ready, "eve", password.context("a password is printed")?).await?;
    eve.clicks(".tab:has-text('Watch')").await?;
    eve.clicks(".live-list button:has-text('Watch')").await?;
    shows(&eve, &["nest", "leaf"], "Green").await?;
    relay.hold(true);
    let change = format!(
        "let n = 0; const more = () => {{ document.getElementById('line').textContent = 'x'.repeat(100000) + n; if (n++ < {UNREAD}) setTimeout(more, 30); else {{ document.getElementById('line').textContent = 'Everything'; document.getElementById('leaf').contentWindow.postMessage({{ run: \"document.getElementById('line').textContent = 'Yellow'\" }}, '*'); }} }}; more()"
    );
    scene.run("nest", &change).await?;
    shows(agent, &["nest"], "Everything").await?;
    shows(agent, &["nest", "leaf"], "Yellow").await?;
    let behind: bool = eve
        .asks(&format!("() => !{}.body.innerText.includes('Yellow')", document(&["nest", "leaf"])))
        .await?;
    ensure!(behind, "who reads nothing is behind");
    relay.hold(false);
    shows(&eve, &["nest", "leaf"], "Yellow").await?;
    shows(&eve, &["nest"], "Everything").await?;
    ensure!(shopper.page.page_errors().is_empty(), "{:?}", shopper.page.page_errors());
    eve.leaves().await
}

/// What a masked field of the page around holds is starred in what a page in a frame says.
async fn hushed(scene: &Scene, tap: &Tap) -> Result<()> {
    let Cast { shopper, agent, .. } = &scene.cast;
    shopper.types("#hush", HUSH).await?;
    let repeats = format!("document.getElementById('line').textContent = 'You typed {HUSH}, and no more'");
    scene.run("nest", &repeats).await?;
    shows(agent, &["nest"], "You typed **** ********** **, and no more").await?;
    let doors = tap.search(HUSH);
    ensure!(doors.is_empty(), "what is masked left by {doors:?}");
    Ok(())
}

async fn deeds(scene: &Scene) -> Result<()> {
    let Cast { shopper, agent, .. } = &scene.cast;
    agent.clicks(".lead button:has-text('Ask for control')").await?;
    let allow = shopper.sees(&format!("{HAND} .ask [data-do=allow]")).await?;
    // By key: the card of the call may lie above.
    allow.press("Enter", None).await.context("the customer allows")?;
    reads(agent, "You are in control").await?;
    acts(scene, &["nest"], "#go", &told("went", "true")).await?;
    acts(scene, &["nest", "leaf"], "#pick", &told("picked", "true")).await.context("a part in a part")?;
    presses(agent, &["nest"], "#name").await?;
    agent.sees(".replica-ghost").await?;
    agent.page.keyboard().type_text("Ada King", None).await?;
    shopper.finds("the part noticed what was filled in", &told("noticed", "'Ada King'")).await?;
    agent.presses("Escape").await?;
    presses(agent, &["nest"], "#secret").await?;
    reads(agent, "stays the customer").await?;
    presses(agent, &["nest"], "#away").await?;
    reads(agent, "leads away").await?;
    let bars = "(() => { const hand = document.querySelector('ringside-hand'); return !!hand; })()";
    scene.run("nest", &format!("tells({{ told: 'bar', what: {bars} }})")).await?;
    shopper.finds("the part shows no bar of its own", &told("bar", "false")).await?;
    // While the customer types in the part, the focus is not taken from it.
    let (x, y) = within(scene, "name").await?;
    shopper.page.mouse().click(x, y, None).await?;
    let caret = format!(
        "() => {{ const caret = document.querySelector('[data-replica-caret]'); if (caret?.style.display !== 'block') return false; const at = caret.getBoundingClientRect(), view = document.querySelector('.page-view iframe'), box = view.getBoundingClientRect(), scale = box.width / view.clientWidth; \
        const nest = {REPLICA}.querySelector('#nest').getBoundingClientRect(), field = {}.querySelector('#name').getBoundingClientRect(); const x = (at.x - box.x) / scale - nest.x - field.x, y = (at.y - box.y) / scale - nest.y - field.y; return x > 0 && x < field.width && y > 0 && y < field.height; }}",
        document(&["nest"])
    );
    agent.finds("the caret is in the field of the part", &caret).await?;
    let typing = async {
        loop {
            shopper.page.keyboard().type_text("a", None).await?;
        }
    };
    let pressing = async {
        shopper
            .finds(
                "the customer types",
                "() => told.some(([of, what]) => of === 'noticed' && /a$/.test(what))",
            )
            .await?;
        presses(agent, &[], "#own").await?;
        reads(agent, "comes first").await
    };
    tokio::select! {
        stopped = typing => stopped,
        refused = pressing => refused,
    }
}

/// Presses until the page heard of it.
async fn acts(scene: &Scene, path: &[&str], selector: &str, heard: &str) -> Result<()> {
    let Cast { shopper, agent, .. } = &scene.cast;
    let soon = format!(
        "() => new Promise(done => {{ setTimeout(() => done(false), 4000); const look = () => ({heard})() ? done(true) : setTimeout(look, 50); look(); }})"
    );
    for _ in 0..LOOKS {
        presses(agent, path, selector).await?;
        if shopper.asks::<bool>(&soon).await? {
            return Ok(());
        }
    }
    let state: String = agent.asks("() => document.querySelector('.lead-state')?.textContent ?? ''").await?;
    anyhow::bail!(
        "{selector} in {path:?} was not pressed; the agent reads: {state}{}",
        said(&[shopper, agent])
    )
}

/// Where an element of the page in the frame stands in the customer's window.
async fn within(scene: &Scene, id: &str) -> Result<(f64, f64)> {
    let shopper = &scene.cast.shopper;
    let script = format!(
        "{{ const r = document.getElementById('{id}').getBoundingClientRect(); tells({{ told: 'at {id}', what: [r.x + r.width / 2, r.y + r.height / 2] }}); }}"
    );
    scene.run("nest", &script).await?;
    let place = format!("() => told.findLast(([of]) => of === 'at {id}')?.[1]");
    shopper.finds("the part says where it is", &place).await?;
    let [x, y]: [f64; 2] = shopper.asks(&place).await?;
    let [left, top]: [f64; 2] = shopper.asks("() => { const f = document.getElementById('nest'), r = f.getBoundingClientRect(); return [r.x + f.clientLeft, r.y + f.clientTop]; }").await?;
    Ok((left + x, top + y))
}

/// Escape, pressed in the part, ends control, also in the part.
async fn stops(scene: &Scene) -> Result<()> {
    let Cast { shopper, agent, .. } = &scene.cast;
    shopper.presses("Escape").await?;
    reads(agent, "The customer took control back.").await?;
    shopper
        .finds(
            "the bar is gone",
            "() => !document.querySelector('ringside-hand').shadowRoot.querySelector('.bar:not(.points)')",
        )
        .await
}

async fn recorded(scene: Scene) -> Result<()> {
    let Cast { stage, shopper, agent, .. } = &scene.cast;
    shopper.goes_to(&format!("{}/till", scene.outer.origin)).await?;
    agent::sees_page(agent, "Till").await?;
    shows(agent, &["pay"], PAY).await?;
    shopper.goes_to(&format!("{}/thanks", scene.outer.origin)).await?;
    agent::sees_page(agent, "Thanks").await?;
    shows(agent, &["nest", "leaf"], "Green").await?;
    scene.run("nest", "document.getElementById('line').textContent = 'Goodbye'").await?;
    shows(agent, &["nest"], "Goodbye").await?;
    looks(agent, "frames-live").await?;
    let live: String = agent.asks(&format!("() => {}", whole(".page-view"))).await?;
    let sealed = async {
        while !recorded_texts(stage.data(), &scene.keys).await?.contains("Goodbye") {
            agent.asks::<bool>(NEXT_FRAME).await?;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(PATIENCE, sealed).await.context("it is not sealed")??;
    let texts = recorded_texts(stage.data(), &scene.keys).await?;
    for text in ["Deep outer", "Green", "Thanks"] {
        ensure!(texts.contains(text), "the search finds {text}");
    }
    // The first of them is of a page in a frame that asks for something secret.
    for secret in ["Two boxes", PAY, HUSH, "velocipede"] {
        ensure!(!texts.contains(secret), "{secret} was recorded");
    }
    agent::hangs_up(agent).await?;
    agent::wraps_up(agent, "Advised", "recorded").await?;
    agent::finds_in_history(agent, "Frames").await?;
    agent.clicks("button:has-text('Replay')").await?;
    agent.sees(".player-list button:has-text('Thanks')").await?;
    let loaded = "() => !document.querySelector('.player [aria-busy=true]') && +document.querySelector('.player-range')?.max > 0";
    agent.finds("the recording is there", loaded).await?;
    agent.presses("End").await?;
    agent.sees(".page-state:text-is('The end of the recording.')").await?;
    let played = format!("() => {} === {}", whole(".player"), serde_json::to_string(&live)?);
    agent.finds("it is played as it was seen", &played).await?;
    agent.clicks(".player-list li:has-text('Till') ~ li button:has-text('Not recorded: a payment')").await?;
    agent.sees(".page-state:has-text('payment page')").await?;
    agent.presses("Home").await?;
    agent.presses("End").await?;
    agent.finds("and after going back", &played).await?;
    looks(agent, "frames-player").await
}

/// For whoever looks at them: dark and wide, light and narrow.
async fn looks(person: &Person, name: &str) -> Result<()> {
    let Some(folder) = std::env::var_os("RINGSIDE_TEST_PICTURES").map(std::path::PathBuf::from) else {
        return Ok(());
    };
    for (scheme, width, kind) in [(ColorScheme::Dark, 1_280, "dark"), (ColorScheme::Light, 390, "narrow")] {
        let media = EmulateMediaOptions::builder().color_scheme(scheme).build();
        person.page.emulate_media(media).await?;
        person.page.set_viewport_size(Viewport { width, height: 900 }).await?;
        person.asks::<bool>(NEXT_FRAME).await?;
        person.pictures(&folder.join(format!("{name}-{kind}.png"))).await?;
    }
    person.page.set_viewport_size(Viewport { width: 1_280, height: 720 }).await?;
    Ok(())
}

/// All of the page and its parts, as markup. Fields that are measured while carets are shown keep an empty style.
fn whole(around: &str) -> String {
    format!(
        "(function all(page) {{ return [page?.body?.innerHTML.replaceAll(' style=\"\"', '') ?? '', ...[...page?.querySelectorAll('ringside-box') ?? []].map(box => box.shadowRoot?.querySelector('iframe')?.contentDocument).filter(Boolean).map(all)].join('\\n'); }})(document.querySelector('{around} iframe')?.contentDocument)"
    )
}
