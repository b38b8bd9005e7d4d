//! A commit that fails costs a business its memory: who is connected must come back and say who they are.
use shared::{
    close,
    contact::Presence,
    wire::{
        console::{ConsoleToServer, GoReady, ServerToConsole},
        widget::{Share, WidgetToServer},
    },
};

use crate::support::*;

/// Fails the commit of a request, and nothing else.
pub(crate) const WALL: &str = "CREATE TRIGGER wall BEFORE INSERT ON events WHEN NEW.payload LIKE '%\"requested\"%' \
     BEGIN SELECT RAISE(ABORT, 'the disk is bad'); END";

/// Fails the commit of a customer's Stop.
const NO_STOP: &str = "CREATE TRIGGER wall BEFORE INSERT ON events WHEN NEW.payload LIKE '%\"sharing_set\"%' \
     BEGIN SELECT RAISE(ABORT, 'the disk is bad'); END";

async fn at_work(server: &Server, agent: &Agent) -> Socket {
    let mut console = server.console(agent, true).await;
    console.send(ConsoleToServer::from(GoReady {}).encode()).await;
    console
        .console_wait(|message| {
            let ServerToConsole::AgentState(state) = message else { return None };
            (state.presence == Presence::Ready).then_some(())
        })
        .await;
    console
}

#[tokio::test]
async fn a_console_comes_back_after_a_failed_commit_and_gets_the_next_call() {
    let mut database = String::new();
    let server = server_with(|config, _| config.database.clone_into(&mut database)).await;
    let ada = server.ada().await;
    let mut console = at_work(&server, &ada).await;

    store::testing::tamper(&database, WALL).await;
    let refused = server.request(call("020 7946 0100")).send().await;
    assert_eq!(refused.status, 503, "{}", refused.body);
    assert!(refused.header("retry-after").is_some(), "it says when to come back");
    assert_eq!(console.closed().await, close::INTERNAL, "a code after which a browser comes back");
    store::testing::tamper(&database, "DROP TRIGGER wall").await;

    // With the same session; the agent is shown to nobody until it is ready again.
    let mut console = at_work(&server, &ada).await;
    let accepted = server.accepted(call("020 7946 0100")).await;
    let shown = console
        .console_wait(|message| {
            let ServerToConsole::ContactShown(shown) = message else { return None };
            Some(shown.contact)
        })
        .await;
    assert_eq!(shown, accepted.contact);
}

#[tokio::test]
async fn a_customer_who_stops_being_seen_while_the_disk_is_bad_is_heard_when_it_is_well() {
    let mut database = String::new();
    let server = server_with(|config, _| config.database.clone_into(&mut database)).await;
    let ada = server.ada().await;
    let mut console = at_work(&server, &ada).await;
    let accepted = server.accepted(call("020 7946 0100")).await;
    let mut page = server.socket("/ws/widget", &[("origin", SHOP)]).await;
    page.send(widget_hello(&accepted.token)).await;
    page.status(|status| status.status.sharing).await;

    store::testing::tamper(&database, NO_STOP).await;
    page.send(WidgetToServer::from(Share { on: false }).encode()).await;
    assert_eq!(console.closed().await, close::INTERNAL, "the commit failed");
    store::testing::tamper(&database, "DROP TRIGGER wall").await;
    // Said once, on a connection that stays.
    page.status(|status| !status.status.sharing).await;
}
