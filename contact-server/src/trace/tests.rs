use contact_core::record::Person;
use shared::{
    AgentId, LegId,
    api::Channel,
    contact::{EndReason, LegCause},
};

use super::*;

const BUSINESS: BusinessId = BusinessId(1);
const CONTACT: ContactId = ContactId(0x0199_0000_0000_7000_8000_0000_0000_0001);
const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[test]
fn a_traceparent_is_read_as_w3c_says() {
    let remote = Remote::parse(PARENT).unwrap();
    assert_eq!(remote.trace, 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736);
    assert_eq!((remote.parent, remote.sampled), (0x00f0_67aa_0ba9_02b7, true));
    assert!(!Remote::parse(&PARENT.replace("-01", "-00")).unwrap().sampled);
    assert!(Remote::parse(&format!("cc{}-what-the-future-will-be-like", &PARENT[2..])).is_some());
    for other in [
        "",
        "00",
        &PARENT.to_uppercase(),
        &PARENT[..54],
        &format!("{PARENT}-x"),
        &PARENT.replace("00-4", "ff-4"),
        &PARENT.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)),
        &PARENT.replace("00f067aa0ba902b7", &"0".repeat(16)),
        &PARENT.replace("4bf9", "é9"),
    ] {
        assert_eq!(Remote::parse(other), None, "{other}");
    }
}

#[tokio::test]
async fn a_contact_is_one_trace_from_the_click_to_its_end() {
    let (out, mut spans) = mpsc::channel(WAITING);
    let traces = Traces::to(out, |_| {});
    traces.begins(CONTACT, Timestamp(1_000), None);
    traces.committed(BUSINESS, &[requested(), row("waiting", 1_000, false)], Duration::ZERO);
    traces.answered(CONTACT, Timestamp(990), Timestamp(1_010));
    traces.committed(BUSINESS, &[row("closing", 5_000, false)], Duration::ZERO);
    let ended =
        Change::Event(Timestamp(9_000), Event::Ended { contact: CONTACT, reason: EndReason::Completed });
    traces.committed(BUSINESS, &[row("ended", 9_000, true), ended], Duration::ZERO);
    drop(traces);

    let mut all = Vec::new();
    spans.recv_many(&mut all, 10).await;
    let names: Vec<&str> = all.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names.len(), 4, "{names:?}");
    let root = all.iter().find(|span| span.name == "contact").unwrap();
    assert_eq!((root.start, root.end, root.parent), (Timestamp(1_000), Timestamp(9_000), None));
    assert_eq!(root.events.iter().map(|(_, name, _)| *name).collect::<Vec<_>>(), ["requested", "ended"]);
    assert!(all.iter().all(|span| span.trace == CONTACT.0), "the contact's id finds its trace");
    assert!(all.iter().filter(|span| span.name != "contact").all(|span| span.parent == Some(root.id)));
    let waited = all.iter().find(|span| span.name == "waiting").unwrap();
    assert_eq!((waited.start, waited.end), (Timestamp(1_000), Timestamp(5_000)));
}

#[tokio::test]
async fn a_page_that_traces_finds_the_contact_in_its_own_trace() {
    let (out, mut spans) = mpsc::channel(WAITING);
    let traces = Traces::to(out, |_| {});
    traces.begins(CONTACT, Timestamp(1), Remote::parse(PARENT));
    traces.committed(BUSINESS, &[row("ended", 2, true)], Duration::ZERO);
    let span = spans.recv().await.unwrap();
    assert_eq!(
        (span.trace, span.parent),
        (0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736, Some(0x00f0_67aa_0ba9_02b7))
    );

    traces.begins(CONTACT, Timestamp(1), Remote::parse(&PARENT.replace("-01", "-00")));
    traces.committed(BUSINESS, &[row("ended", 2, true)], Duration::ZERO);
    drop(traces);
    assert_eq!(spans.recv().await, None, "a page that does not want to be traced is not");
}

#[tokio::test]
async fn spans_beyond_the_limit_are_lost_and_counted() {
    let (out, _spans) = mpsc::channel(1);
    let lost = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = lost.clone();
    let traces = Traces::to(out, move |more| {
        count.fetch_add(more, std::sync::atomic::Ordering::Relaxed);
    });
    for _ in 0..3 {
        traces.begins(CONTACT, Timestamp(1), None);
        traces.committed(BUSINESS, &[row("ended", 2, true)], Duration::ZERO);
    }
    assert_eq!(lost.load(std::sync::atomic::Ordering::Relaxed), 2);
}

#[test]
fn nothing_is_remembered_while_traces_are_off_or_of_what_never_was() {
    let traces = Traces::off();
    traces.begins(CONTACT, Timestamp(1), None);
    traces.committed(BUSINESS, &[row("waiting", 1, false)], Duration::ZERO);
    assert!(traces.book().is_empty());
    let (out, _spans) = mpsc::channel(1);
    let traces = Traces::to(out, |_| {});
    traces.begins(CONTACT, Timestamp(1), None);
    traces.never_was(CONTACT);
    assert!(traces.book().is_empty());
}

#[test]
fn nothing_personal_is_told() {
    let contact = CONTACT;
    let person = Person { name: Some("Ada".into()), ..Person::default() };
    let (out, mut spans) = mpsc::channel(WAITING);
    let traces = Traces::to(out, |_| {});
    let wrapped = Event::WrapUpDone { contact, agent: AgentId(1), disposition: "Angry about Ada".to_owned() };
    let leg = Event::LegEnded { contact, leg: LegId(2), cause: LegCause::HungUp };
    traces.begins(CONTACT, Timestamp(1), None);
    let changes = [
        Change::Person(CONTACT, person),
        Change::Event(Timestamp(1), wrapped),
        Change::Event(Timestamp(1), leg),
        row("ended", 2, true),
    ];
    traces.committed(BUSINESS, &changes, Duration::ZERO);
    let told = format!("{:?}", spans.try_recv().unwrap());
    assert!(told.contains("hung_up") && !told.contains("Ada"), "{told}");
}

fn requested() -> Change {
    let event = Event::Requested {
        contact: CONTACT,
        channel: Channel::Telephone,
        skill: String::new(),
        consent: "1".into(),
        merged: false,
    };
    Change::Event(Timestamp(1_000), event)
}

fn row(state: &str, since: u64, closed: bool) -> Change {
    let state = match state {
        "waiting" => serde_json::json!({ "state": "waiting", "not_before": null }),
        "closing" => serde_json::json!({
            "state": "closing", "leg": LegId(1), "effect": shared::EffectId(1), "reason": "opted_out", "until": 5,
        }),
        other => serde_json::json!({ "state": other }),
    };
    let row = serde_json::json!({
        "id": CONTACT, "channel": "telephone", "skill": "", "place": 1, "requested_at": 1_000, "due": null,
        "merged": false, "attempts": 1, "consent": "1", "sharing": true, "settings": 1, "agent": null,
        "bridged_at": null, "talked_ms": 0, "ended_at": null, "reason": null, "closed": closed, "state": state,
        "phase_since": since,
    });
    Change::Contact(serde_json::from_value(row).unwrap())
}
