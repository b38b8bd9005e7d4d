//! Everybody can use it: no screen breaks a rule of axe-core in light or dark, and a call can be asked for by keyboard
//! alone.
use anyhow::{Result, ensure};
use e2e::{Mic, Person, Stage, StageOptions, Troupe, agent, axe::Inspector, handset, person::Help, shopper};

const HOLDER: Mic = Mic { hertz: 620 };
const AGENT: Mic = Mic { hertz: 1_180 };
/// Long enough to look at a ringing telephone and at an offer.
const UNHURRIED: [(&str, &str); 4] =
    [("ring_customer", "90s"), ("confirm_within", "90s"), ("ring_agent", "90s"), ("connect_agent", "90s")];
/// Tab stops until a keyboard user gives up.
const MOST_STOPS: usize = 60;

#[tokio::test(flavor = "multi_thread")]
async fn no_screen_breaks_a_rule_of_axe() -> Result<()> {
    let stage =
        Stage::start(StageOptions { settings: UNHURRIED.to_vec(), ..StageOptions::default() }).await?;
    let troupe = Troupe::assemble().await?;
    let mut axe = Inspector::new()?;
    let shopper = troupe.reader("shopper").await?;
    the_shop(&stage, &shopper, &mut axe).await?;

    let holder = troupe.speaker("handset", HOLDER, stage.data(), Help::Flags, &[]).await?;
    let agent = troupe.speaker("agent", AGENT, stage.data(), Help::Flags, &[]).await?;
    handset::switches_on(&holder, &stage.ready).await?;
    axe.look(&holder, "the handset, idle").await?;
    agent.goes_to(&format!("{}/console/", stage.ready.url)).await?;
    agent.sees("#login").await?;
    axe.look(&agent, "the console's door").await?;
    agent::starts_shift(&agent, &stage.ready).await?;
    axe.look(&agent, "the console, ready").await?;

    let number = &stage.ready.handset_number;
    shopper.goes_to(&format!("{}/", stage.shop)).await?;
    shopper::asks_for_a_call(&shopper, number, "Is it in stock?").await?;
    shopper::reads(&shopper, "Pick up and press 1").await?;
    axe.look(&shopper, "the widget, live").await?;
    handset::rings(&holder).await?;
    axe.look(&holder, "the handset, ringing").await?;
    handset::answers(&holder).await?;
    axe.look(&holder, "the handset, talking").await?;
    handset::presses(&holder, '1').await?;
    the_console(&agent, &mut axe).await?;
    axe.verdict()
}

/// The shop's pages with the widget closed, its form open, and its form with faults. First of all a planted fault,
/// which axe finds in the page and in the widget's shadow tree.
async fn the_shop(stage: &Stage, shopper: &Person, axe: &mut Inspector) -> Result<()> {
    for path in ["/", "/products/oak-bench.html", "/cart.html", "/checkout.html", "/about.html"] {
        shopper.goes_to(&format!("{}{path}", stage.shop)).await?;
        shopper.sees("ringside-widget .pill").await?;
        axe.look(shopper, path).await?;
    }
    shopper::opens_the_form(shopper).await?;
    axe.look(shopper, "the form").await?;
    shopper.clicks(shopper::CALL_ME).await?;
    shopper.sees("ringside-widget #number-fault:not(:empty)").await?;
    axe.look(shopper, "the form with faults").await?;

    let plant = "() => { for (const root of [document.body, document.querySelector('ringside-widget').shadowRoot]) \
        root.append(document.createElement('button')); return true; }";
    shopper.asks::<bool>(plant).await?;
    let found = axe.violations(shopper).await?.join("\n");
    let both = found.contains("button-name") && found.contains("ringside-widget >> button");
    ensure!(both, "axe finds nameless buttons in the page and in the shadow tree, it found:\n{found}");
    Ok(())
}

async fn the_console(agent: &Person, axe: &mut Inspector) -> Result<()> {
    agent.sees(".offer").await?;
    axe.look(agent, "an offer").await?;
    agent::accepts(agent).await?;
    agent::talks(agent).await?;
    axe.look(agent, "a call").await?;
    agent::hangs_up(agent).await?;
    agent.sees("button:has-text('Finish wrap-up')").await?;
    axe.look(agent, "the wrap-up").await?;
    agent::wraps_up(agent, "Advised", "in stock").await?;
    agent.clicks(".tab:has-text('History')").await?;
    agent.sees(".contact-row").await?;
    axe.look(agent, "the history").await?;
    agent::finds_in_history(agent, "in stock").await?;
    axe.look(agent, "a record").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_asked_for_without_a_mouse() -> Result<()> {
    let stage = Stage::start(StageOptions::default()).await?;
    let troupe = Troupe::assemble().await?;
    let shopper = troupe.reader("shopper").await?;
    shopper.goes_to(&format!("{}/about.html", stage.shop)).await?;
    shopper.sees("ringside-widget .pill").await?;
    tabs_to(&shopper, ".pill").await?;
    shopper.presses("Enter").await?;
    has_focus(&shopper, "#number").await?;
    // The number is in the field that has the focus; the country stands right.
    shopper.page.keyboard().type_text("020 7946 0123", None).await?;
    tabs_to(&shopper, "#note").await?;
    shopper.page.keyboard().type_text("Is it in stock?", None).await?;
    tabs_to(&shopper, "button.primary").await?;
    shopper
        .asks::<bool>(&format!("() => Boolean(globalThis.closes = {ROOT}.querySelector('.icon'))"))
        .await?;
    shopper.presses("Enter").await?;
    shopper::reads(&shopper, "You’re next").await?;
    has_focus(&shopper, "#card").await?;
    // What once was "Close" never became "Cancel" under the customer's finger.
    let closes = "() => closes.isConnected && closes.dataset.do === 'close'";
    ensure!(shopper.asks::<bool>(closes).await?, "the button that closes is the same one");

    shopper.presses("Escape").await?;
    has_focus(&shopper, ".pill").await?;
    shopper.finds("the card is gone", &format!("() => !({ROOT}.querySelector('#card'))")).await?;
    shopper.presses("Enter").await?;
    shopper::reads(&shopper, "You’re next").await
}

const ROOT: &str = "document.querySelector('ringside-widget').shadowRoot";

async fn tabs_to(person: &Person, selector: &str) -> Result<()> {
    for _ in 0..MOST_STOPS {
        person.presses("Tab").await?;
        if person.asks::<bool>(&format!("() => Boolean({ROOT}.activeElement?.matches('{selector}'))")).await?
        {
            return Ok(());
        }
    }
    anyhow::bail!("{MOST_STOPS} tab stops do not lead to {selector}")
}

async fn has_focus(person: &Person, selector: &str) -> Result<()> {
    let script = format!("() => {ROOT}.activeElement?.matches('{selector}')");
    person.finds(&format!("the focus is on {selector}"), &script).await
}
