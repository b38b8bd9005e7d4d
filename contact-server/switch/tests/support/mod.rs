//! A telephone for tests: a full WebRTC client on loopback that says a tone and keeps what it hears.
#![expect(clippy::unwrap_used, reason = "a test ends where its ground is missing")]
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use media::{pcmu, tone};
use shared::LegId;
use str0m::{
    Candidate, Event, Input, Output, Rtc, RtcConfig,
    change::{SdpAnswer, SdpOffer, SdpPendingOffer},
    format::{Codec, FormatParams},
    media::{Direction, Frequency, MediaKind, Mid, Pt},
    net::{Protocol, Receive},
    rtp::{RtpWrite, SeqNo},
};
use switch::{Switch, SwitchConfig, SwitchEvent};
use tokio::{
    net::UdpSocket,
    sync::{mpsc, watch},
    task::JoinHandle,
    time::timeout,
};

/// A hung test ends; nothing is judged by it.
pub(crate) const HANG: Duration = Duration::from_secs(60);
pub(crate) const LOUD_DBFS: f64 = -20.0;
const RATE: u32 = media::SAMPLE_RATE;
const TICK: Duration = Duration::from_millis(20);
/// Samples that a judgement on what is heard takes: half a second.
const WINDOW: usize = 4_000;

pub(crate) struct Exchange {
    pub(crate) switch: Switch,
    pub(crate) events: mpsc::Receiver<SwitchEvent>,
}

impl Exchange {
    pub(crate) async fn start(media_grace: Duration) -> Self {
        let bind = SocketAddr::from(([127, 0, 0, 1], 0));
        let config = SwitchConfig { bind, advertise: None, media_grace };
        let (switch, events) = Switch::bind(config).await.unwrap();
        Self { switch, events }
    }

    /// Reads events until this one; returns those before it.
    pub(crate) async fn until(&mut self, wanted: &SwitchEvent) -> Vec<SwitchEvent> {
        let mut before = Vec::new();
        let reading = async {
            loop {
                let event = self.events.recv().await.expect("the switch runs");
                if event == *wanted {
                    return;
                }
                before.push(event);
            }
        };
        if timeout(HANG, reading).await.is_err() {
            panic!("{wanted:?} never came; before it: {before:?}");
        }
        before
    }

    /// Waits until voice of the leg has come.
    pub(crate) async fn until_heard(&self, leg: LegId) {
        while self.switch.stats(leg).await.expect("the leg is open").packets_in == 0 {
            tokio::task::yield_now().await;
        }
    }

    /// Opens the leg, and waits until it is up with a phone that says a tone.
    pub(crate) async fn connect(&mut self, leg: LegId, hz: f64) -> Phone {
        self.switch.open(leg);
        let phone = Phone::call(&self.switch, leg, hz).await;
        self.until(&SwitchEvent::Connected { leg }).await;
        phone
    }
}

/// Ends without a goodbye when dropped, as a page that navigates.
pub(crate) struct Phone {
    wish: Arc<Mutex<Wish>>,
    heard: Arc<Mutex<Vec<i16>>>,
    count: watch::Receiver<usize>,
    running: JoinHandle<()>,
}

struct Wish {
    /// None: sends no packets at all.
    tone: Option<f64>,
    digits: Vec<u8>,
    /// Datagrams to send as they are, from the address that the switch knows.
    raw: Vec<Vec<u8>>,
}

impl Drop for Phone {
    fn drop(&mut self) {
        self.running.abort();
    }
}

impl Phone {
    pub(crate) async fn call(switch: &Switch, leg: LegId, hz: f64) -> Self {
        Self::call_through(async |sdp| switch.offer(leg, sdp).await.unwrap(), hz).await
    }

    /// Calls by way of whoever takes its offer to a switch and brings the answer.
    pub(crate) async fn call_through(answer_to: impl AsyncFnOnce(String) -> String, hz: f64) -> Self {
        let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = udp.local_addr().unwrap();
        let (mut rtc, offer, pending, mid) = client(address);
        let answer = answer_to(offer.to_sdp_string()).await;
        rtc.sdp_api().accept_answer(pending, SdpAnswer::from_sdp_string(&answer).unwrap()).unwrap();
        let wish = Arc::new(Mutex::new(Wish { tone: Some(hz), digits: Vec::new(), raw: Vec::new() }));
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (counted, count) = watch::channel(0);
        let line = Line {
            rtc,
            udp,
            address,
            mid,
            wish: wish.clone(),
            heard: heard.clone(),
            counted,
            said: 0,
            far: address,
        };
        let running = tokio::spawn(line.run());
        Self { wish, heard, count, running }
    }

    /// Changes its tone; None stops its packets.
    pub(crate) fn say(&self, tone: Option<f64>) {
        self.wish.lock().unwrap().tone = tone;
    }

    pub(crate) fn press(&self, event: u8) {
        self.wish.lock().unwrap().digits.push(event);
    }

    /// Sends what is no media, as a forger of its address would. The first goes first.
    pub(crate) fn forge(&self, datagrams: Vec<Vec<u8>>) {
        self.wish.lock().unwrap().raw = datagrams;
    }

    /// The next half second of what is heard.
    pub(crate) async fn listen(&mut self) -> Vec<i16> {
        let from = self.heard.lock().unwrap().len();
        timeout(HANG, self.count.wait_for(|&count| count >= from + WINDOW)).await.expect("sound").unwrap();
        self.heard.lock().unwrap()[from..from + WINDOW].to_vec()
    }

    /// Waits until exactly these tones are heard, and none of `others`.
    pub(crate) async fn hears(&mut self, tones: &[f64], others: &[f64]) {
        let waiting = async {
            loop {
                let samples = self.listen().await;
                let level = |hz: &f64| tone::measure(&samples, RATE, *hz).tone_dbfs;
                if tones.iter().all(|hz| level(hz) > LOUD_DBFS - 6.0)
                    && others.iter().all(|hz| level(hz) < LOUD_DBFS - 30.0)
                {
                    return;
                }
            }
        };
        if timeout(HANG, waiting).await.is_err() {
            panic!("never heard {tones:?} without {others:?}");
        }
    }
}

fn config() -> RtcConfig {
    let mut config =
        RtcConfig::new().set_rtp_mode(true).clear_codecs().enable_opus(true, false).enable_pcmu(true, false);
    let digits = FormatParams { telephone_event_max: Some(16), ..FormatParams::default() };
    config.codec_config().add_config(110.into(), None, Codec::Tele, Frequency::EIGHT_KHZ, None, digits);
    config
}

pub(crate) fn client(address: SocketAddr) -> (Rtc, SdpOffer, SdpPendingOffer, Mid) {
    let mut rtc = config().build(now());
    rtc.add_local_candidate(Candidate::host(address, "udp").unwrap());
    let mut changes = rtc.sdp_api();
    let mid = changes.add_media(MediaKind::Audio, Direction::SendRecv, None, None, None);
    let (offer, pending) = changes.apply().unwrap();
    (rtc, offer, pending, mid)
}

fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// The running half of a phone.
struct Line {
    rtc: Rtc,
    udp: UdpSocket,
    address: SocketAddr,
    mid: Mid,
    wish: Arc<Mutex<Wish>>,
    heard: Arc<Mutex<Vec<i16>>>,
    counted: watch::Sender<usize>,
    said: u64,
    /// Where it sends to.
    far: SocketAddr,
}

impl Line {
    async fn run(mut self) {
        let mut beat = tokio::time::interval(TICK);
        let mut buffer = vec![0; 2_000];
        let mut connected = false;
        loop {
            let deadline = self.drain(&mut connected).await;
            tokio::select! {
                _ = beat.tick() => if connected { self.beat().await } else { self.input(None) },
                received = self.udp.recv_from(&mut buffer) => {
                    let Ok((length, from)) = received else { continue };
                    self.input(Some((from, &buffer[..length])));
                }
                () = tokio::time::sleep_until(deadline.into()) => self.input(None),
            }
        }
    }

    fn input(&mut self, datagram: Option<(SocketAddr, &[u8])>) {
        let now = now();
        let input = match datagram {
            None => Input::Timeout(now),
            Some((from, bytes)) => match Receive::new(Protocol::Udp, from, self.address, bytes) {
                Ok(receive) => Input::Receive(now, receive),
                Err(_) => return,
            },
        };
        self.rtc.handle_input(input).unwrap();
    }

    async fn drain(&mut self, connected: &mut bool) -> Instant {
        loop {
            match self.rtc.poll_output().unwrap() {
                Output::Timeout(at) => return at,
                Output::Transmit(datagram) => {
                    self.far = datagram.destination;
                    let _ = self.udp.send_to(&datagram.contents, datagram.destination).await;
                }
                Output::Event(Event::Connected) => *connected = true,
                Output::Event(Event::RtpPacket(packet)) => {
                    let mut heard = self.heard.lock().unwrap();
                    pcmu::decode_into(&packet.payload, &mut heard);
                    self.counted.send_replace(heard.len());
                }
                Output::Event(_) => {}
            }
        }
    }

    /// One tick: what was forged first, then voice.
    async fn beat(&mut self) {
        let raw = std::mem::take(&mut self.wish.lock().unwrap().raw);
        for datagram in raw {
            let _ = self.udp.send_to(&datagram, self.far).await;
        }
        self.say();
    }

    fn say(&mut self) {
        let number = self.said;
        self.said += 1;
        let (tone, digit) = {
            let mut wish = self.wish.lock().unwrap();
            (wish.tone, wish.digits.pop())
        };
        let Some(hz) = tone else { return self.input(None) };
        let from = number as usize * media::FRAME_SAMPLES;
        let samples = tone::sine(RATE, hz, LOUD_DBFS, from + media::FRAME_SAMPLES).split_off(from);
        let (codec, payload) = match digit {
            Some(event) => (Codec::Tele, vec![event, 10, 0, 160]),
            None => (Codec::PCMU, pcmu::encode(&samples)),
        };
        let payload_type = self.payload_type(codec);
        let mut api = self.rtc.direct_api();
        let stream = api.stream_tx_by_mid(self.mid, None).unwrap();
        let sequence: SeqNo = number.into();
        stream.write_rtp(RtpWrite::new(payload_type, sequence, from as u32, now(), payload));
        self.input(None);
    }

    fn payload_type(&self, codec: Codec) -> Pt {
        let params = self.rtc.codec_config().params();
        params.iter().find(|p| p.spec().codec == codec).unwrap().pt()
    }
}
