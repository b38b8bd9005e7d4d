//! Real parts: WebRTC clients on loopback, with DTLS, talk through the switch.
mod support;

use std::{sync::Arc, time::Duration};

use media::tone;
use shared::{ContactId, EffectId, LegId};
use support::{Exchange, LOUD_DBFS, Phone};
use switch::{Mode, SwitchError, SwitchEvent};
use tokio::net::UdpSocket;

const ROOM: ContactId = ContactId(1);
const ANN: LegId = LegId(0xA);
const BOB: LegId = LegId(0xB);
const EVE: LegId = LegId(0xE);
/// Hertz: whole periods in 20 ms, and no harmonics of one another.
const LOW: f64 = 450.0;
const MID: f64 = 1_000.0;
const HIGH: f64 = 1_700.0;
const LONG: Duration = Duration::from_secs(60);

#[tokio::test]
async fn two_legs_in_a_room_hear_each_other_and_not_themselves() {
    let mut exchange = Exchange::start(LONG).await;
    let mut ann = exchange.connect(ANN, LOW).await;
    let mut bob = exchange.connect(BOB, HIGH).await;
    exchange.switch.join(ROOM, ANN, Mode::Talk);
    exchange.switch.join(ROOM, BOB, Mode::Talk);
    ann.hears(&[HIGH], &[LOW]).await;
    bob.hears(&[LOW], &[HIGH]).await;
    let stats = exchange.switch.stats(ANN).await.unwrap();
    assert!(stats.packets_in > 0 && stats.packets_out > 0);
    assert!(f64::from(stats.level_in_dbfs) > LOUD_DBFS - 3.0, "{stats:?}");
    assert!(f64::from(stats.level_out_dbfs) > LOUD_DBFS - 3.0, "{stats:?}");
}

#[tokio::test]
async fn a_leg_alone_hears_silence_packet_by_packet() {
    let mut exchange = Exchange::start(LONG).await;
    let mut ann = exchange.connect(ANN, LOW).await;
    assert!(ann.listen().await.iter().all(|&sample| sample == 0));
}

#[tokio::test]
async fn a_new_offer_in_mid_call_keeps_the_leg_in_its_room() {
    let mut exchange = Exchange::start(LONG).await;
    let ann = exchange.connect(ANN, LOW).await;
    let mut bob = exchange.connect(BOB, HIGH).await;
    exchange.switch.join(ROOM, ANN, Mode::Talk);
    exchange.switch.join(ROOM, BOB, Mode::Talk);
    bob.hears(&[LOW], &[MID]).await;
    drop(ann);
    let mut ann = Phone::call(&exchange.switch, ANN, MID).await;
    bob.hears(&[MID], &[LOW]).await;
    ann.hears(&[HIGH], &[MID]).await;
}

#[tokio::test]
async fn an_offer_that_never_comes_up_does_not_end_the_session_that_works() {
    let mut exchange = Exchange::start(LONG).await;
    let _ann = exchange.connect(ANN, LOW).await;
    let mut bob = exchange.connect(BOB, HIGH).await;
    exchange.switch.join(ROOM, ANN, Mode::Talk);
    exchange.switch.join(ROOM, BOB, Mode::Talk);
    let stillborn = Phone::call(&exchange.switch, ANN, MID).await;
    drop(stillborn);
    bob.hears(&[LOW], &[MID]).await;
}

#[tokio::test]
async fn a_prompt_replaces_the_room_until_it_ends() {
    let mut exchange = Exchange::start(LONG).await;
    let mut ann = exchange.connect(ANN, LOW).await;
    let _bob = exchange.connect(BOB, HIGH).await;
    exchange.switch.join(ROOM, ANN, Mode::Talk);
    exchange.switch.join(ROOM, BOB, Mode::Talk);
    ann.hears(&[HIGH], &[MID]).await;
    let (looped, once) = (EffectId(1), EffectId(2));
    exchange.switch.play(ANN, looped, prompt(MID), true);
    ann.hears(&[MID], &[HIGH]).await;
    exchange.switch.play(ANN, once, prompt(MID), false);
    let before = exchange.until(&SwitchEvent::PlayEnded { leg: ANN, effect: once }).await;
    assert_eq!(before, [], "a prompt that was replaced has not ended");
    ann.hears(&[HIGH], &[MID]).await;
    exchange.switch.play(ANN, looped, prompt(MID), true);
    ann.hears(&[MID], &[HIGH]).await;
    exchange.switch.stop(ANN);
    ann.hears(&[HIGH], &[MID]).await;
}

#[tokio::test]
async fn a_listener_is_not_heard_and_a_whisper_reaches_one_leg() {
    let mut exchange = Exchange::start(LONG).await;
    let mut ann = exchange.connect(ANN, LOW).await;
    let mut bob = exchange.connect(BOB, MID).await;
    let mut eve = exchange.connect(EVE, HIGH).await;
    exchange.switch.join(ROOM, ANN, Mode::Talk);
    exchange.switch.join(ROOM, BOB, Mode::Talk);
    exchange.switch.join(ROOM, EVE, Mode::Listen);
    eve.hears(&[LOW, MID], &[HIGH]).await;
    ann.hears(&[MID], &[HIGH, LOW]).await;
    exchange.switch.join(ROOM, EVE, Mode::Whisper { to: BOB });
    bob.hears(&[LOW, HIGH], &[MID]).await;
    ann.hears(&[MID], &[HIGH, LOW]).await;
    exchange.switch.join(ROOM, EVE, Mode::Talk);
    ann.hears(&[MID, HIGH], &[LOW]).await;
    exchange.switch.leave(ROOM, EVE);
    ann.hears(&[MID], &[HIGH, LOW]).await;
}

#[tokio::test]
async fn a_leg_that_falls_silent_is_suspended_and_resumed() {
    let mut exchange = Exchange::start(LONG).await;
    let ann = exchange.connect(ANN, LOW).await;
    exchange.until_heard(ANN).await;
    ann.say(None);
    exchange.until(&SwitchEvent::Suspended { leg: ANN }).await;
    ann.say(Some(LOW));
    exchange.until(&SwitchEvent::Resumed { leg: ANN }).await;
}

#[tokio::test]
async fn a_leg_that_went_away_is_lost_after_the_grace_and_then_unknown() {
    let mut exchange = Exchange::start(Duration::from_millis(100)).await;
    let ann = exchange.connect(ANN, LOW).await;
    drop(ann);
    let before = exchange.until(&SwitchEvent::Lost { leg: ANN }).await;
    assert_eq!(before, [SwitchEvent::Suspended { leg: ANN }]);
    assert_eq!(exchange.switch.stats(ANN).await, None);
    let refused = exchange.switch.offer(ANN, String::new()).await;
    assert!(matches!(refused, Err(SwitchError::NoSuchLeg)));
}

#[tokio::test]
async fn a_leg_that_comes_back_within_the_grace_is_resumed_with_its_new_session() {
    let mut exchange = Exchange::start(LONG).await;
    let ann = exchange.connect(ANN, LOW).await;
    let mut bob = exchange.connect(BOB, HIGH).await;
    exchange.switch.join(ROOM, ANN, Mode::Talk);
    exchange.switch.join(ROOM, BOB, Mode::Talk);
    drop(ann);
    exchange.until(&SwitchEvent::Suspended { leg: ANN }).await;
    let _ann = Phone::call(&exchange.switch, ANN, MID).await;
    exchange.until(&SwitchEvent::Resumed { leg: ANN }).await;
    bob.hears(&[MID], &[LOW]).await;
}

#[tokio::test]
async fn a_key_pressed_is_told_once() {
    let mut exchange = Exchange::start(LONG).await;
    let ann = exchange.connect(ANN, LOW).await;
    ann.press(1);
    exchange.until(&SwitchEvent::Digit { leg: ANN, digit: '1' }).await;
    ann.press(11);
    let before = exchange.until(&SwitchEvent::Digit { leg: ANN, digit: '#' }).await;
    assert_eq!(before, []);
}

#[tokio::test]
async fn a_flood_of_garbage_and_forged_checks_does_no_harm() {
    let mut exchange = Exchange::start(LONG).await;
    let mut ann = exchange.connect(ANN, LOW).await;
    let mut bob = exchange.connect(BOB, HIGH).await;
    exchange.switch.join(ROOM, ANN, Mode::Talk);
    exchange.switch.join(ROOM, BOB, Mode::Talk);
    let target = exchange.switch.local_addr();
    let stranger = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let flood = tokio::spawn(async move {
        let kinds: [&[u8]; 5] =
            [&[0; 1_400], &[0x80; 172], &[22; 300], &[0, 1, 0, 8, 0x21, 0x12, 0xA4, 0x42], &[]];
        for round in 0..20_000_usize {
            let _ = stranger.send_to(kinds[round % kinds.len()], target).await;
        }
    });
    ann.hears(&[HIGH], &[LOW]).await;
    flood.await.unwrap();
    bob.hears(&[LOW], &[HIGH]).await;
    let totals = exchange.switch.totals().await.unwrap();
    assert!(totals.strays > 0 && totals.legs == 2, "{totals:?}");
}

#[tokio::test]
async fn garbage_that_bears_the_address_of_a_leg_does_not_end_it() {
    let mut exchange = Exchange::start(LONG).await;
    let ann = exchange.connect(ANN, LOW).await;
    let mut bob = exchange.connect(BOB, HIGH).await;
    exchange.switch.join(ROOM, ANN, Mode::Talk);
    exchange.switch.join(ROOM, BOB, Mode::Talk);
    exchange.until_heard(ANN).await;
    // Alerts in the clear, "closed" and "handshake failed"; a session that is up takes only encrypted ones.
    let alert = |level: u8, why: u8| vec![21, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, level, why];
    ann.forge(vec![alert(1, 0), alert(2, 40)]);
    bob.hears(&[LOW], &[HIGH]).await;
    for kind in 0..=u8::MAX {
        let truncated = |length: usize| [&[kind, 0xFE, 0xFD][..], &vec![kind; length]].concat();
        ann.forge([0, 1, 9, 10, 20, 60, 400, 1_200].map(truncated).to_vec());
        let sent = exchange.switch.stats(ANN).await.unwrap().packets_in;
        while exchange.switch.stats(ANN).await.expect("it lives").packets_in <= sent {
            tokio::task::yield_now().await;
        }
    }
    bob.hears(&[LOW], &[HIGH]).await;
}

#[tokio::test]
async fn a_hostile_offer_is_refused_and_the_leg_lives_on() {
    let mut exchange = Exchange::start(LONG).await;
    exchange.switch.open(ANN);
    let address = "127.0.0.1:9".parse().unwrap();
    let honest = support::client(address).1.to_sdp_string();
    for (wrong, right) in
        [("a=fingerprint", "a=ignored"), ("a=ice-ufrag", "a=ignored"), ("m=audio", "m=video")]
    {
        let refused = exchange.switch.offer(ANN, honest.replace(wrong, right)).await;
        assert!(refused.is_err(), "{wrong}");
    }
    for end in (0..honest.len()).step_by(17) {
        // Cut anywhere: refused or understood, and answered either way.
        let _ = exchange.switch.offer(ANN, honest[..end].to_owned()).await;
    }
    let lines: Vec<&str> = honest.split_inclusive("\r\n").collect();
    for skipped in 0..lines.len() {
        let kept: String =
            lines.iter().enumerate().filter(|(i, _)| *i != skipped).map(|(_, line)| *line).collect();
        let _ = exchange.switch.offer(ANN, kept).await;
    }
    let huge = honest.replace("a=mid:", &"a=x\r\n".repeat(10_000));
    assert!(matches!(exchange.switch.offer(ANN, huge).await, Err(SwitchError::Offer(_))));
    let _ann = Phone::call(&exchange.switch, ANN, LOW).await;
    exchange.until(&SwitchEvent::Connected { leg: ANN }).await;
}

#[tokio::test]
async fn a_closed_leg_is_gone_and_the_other_side_falls_silent() {
    let mut exchange = Exchange::start(LONG).await;
    let _ann = exchange.connect(ANN, LOW).await;
    let mut bob = exchange.connect(BOB, HIGH).await;
    exchange.switch.join(ROOM, ANN, Mode::Talk);
    exchange.switch.join(ROOM, BOB, Mode::Talk);
    bob.hears(&[LOW], &[HIGH]).await;
    exchange.switch.close(ANN);
    exchange.switch.close(ANN);
    bob.hears(&[], &[LOW, HIGH]).await;
    assert_eq!(exchange.switch.totals().await.unwrap().legs, 1);
}

fn prompt(hz: f64) -> Arc<[i16]> {
    tone::sine(media::SAMPLE_RATE, hz, LOUD_DBFS, 8_000).into()
}
