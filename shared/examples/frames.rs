use shared::{*, api::*, contact::*, wire::console::*, wire::*};
fn hex(m: ServerToConsole) { println!("{}", m.encode().iter().map(|b| format!("{b:02x}")).collect::<String>()); }
fn main() {
  let now = Timestamp(std::env::args().nth(1).unwrap().parse().unwrap());
  let pres: Presence = match std::env::args().nth(2).as_deref() { Some("ring") => Presence::Ringing, Some("talk") => Presence::Talking, Some("wrap") => Presence::WrapUp, _ => Presence::Ready };
  let c = ContactId(7);
  hex(Welcome { version: ProtocolVersion(1), now, heartbeat_ms: 15000, dispositions: ["Sold","Question answered","Call back","Complaint"].map(String::from).to_vec(), away_reasons: ["Lunch","Break","Training"].map(String::from).to_vec(), currency: "GBP".into() }.into());
  hex(AgentState { presence: pres, since: Timestamp(now.0-134_000), away_reason: None, contact: Some(c), until: Some(Timestamp(now.0+12_000)) }.into());
  hex(Queue { total: 3, waiting: (1..4).map(|i| QueueEntry { contact: ContactId(i), phase: if i==1 {Phase::Calling} else {Phase::Waiting}, channel: Channel::Telephone, requested_at: Timestamp(now.0 - 200_000/ (i as u64)), due_at: None, skill: if i==2 {"furniture".into()} else {String::new()}, label: ["Oak bench, 140 cm","Grace Hopper","Checkout"][i as usize-1].into() }).collect() }.into());
  hex(Today { calls: 12, talk_seconds: 3520, last_ended_at: Some(Timestamp(now.0-260_000)) }.into());
  if pres != Presence::Ready {
  hex(ContactShown { contact: c, phase: match pres { Presence::Ringing => Phase::Connecting, Presence::WrapUp => Phase::Ended, _ => Phase::Talking }, phase_since: Timestamp(now.0-134_000), channel: Channel::Telephone, requested_at: Timestamp(now.0-190_000), bridged_at: (pres!=Presence::Ringing).then_some(Timestamp(now.0-134_000)), name: Some("Katherine Johnson".into()), number: Some("+44 20 7946 0018".into()), region: Some("GB".into()), time_zone: Some("Europe/London".into()), language: Some("en-GB".into()), note: Some("Does the oak bench come in 160 cm? <script>alert(1)</script>".into()), trail: vec![PageView{url:"https://shop.example/".into(),title:"Harbour & Pine".into(),at:Timestamp(now.0-400_000)},PageView{url:"https://shop.example/products/oak-bench?size=140".into(),title:"Oak bench, 140 cm".into(),at:Timestamp(now.0-300_000)},PageView{url:"https://shop.example/cart".into(),title:"Your cart".into(),at:Timestamp(now.0-200_000)}], context: Some(r#"{"cart":[{"item":"Oak bench","qty":1,"price":289}],"total":"£289.00"}"#.into()), sharing: true, reason: (pres==Presence::WrapUp).then_some(EndReason::Completed), customer_away: false, wrap_up: WrapUp{disposition:String::new(),notes:"Wants 160 cm, deliver to the island".into(),order:vec![OrderLine{item:"Oak bench 160".into(),quantity:1,unit_price:31900}]}, earlier: 2 }.into());
  }
  if pres == Presence::Ringing { hex(LegInvite{leg: LegId(9)}.into()); }
}
