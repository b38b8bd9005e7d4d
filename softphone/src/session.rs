//! One `RTCPeerConnection`: from a microphone track to an offer, from an answer to sound.
use js_sys::Array;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    MediaStream, MediaStreamTrack, RtcPeerConnection, RtcPeerConnectionState, RtcRtpSender, RtcSdpType,
    RtcSessionDescriptionInit, RtcSignalingState, RtcTrackEvent,
};

use crate::{dom::Listener, renewal::Seen};

/// Closed on drop.
pub(crate) struct Session {
    pc: RtcPeerConnection,
    sender: RtcRtpSender,
    _listeners: [Listener; 2],
}

impl Drop for Session {
    fn drop(&mut self) {
        self.pc.close();
    }
}

impl Session {
    /// `seen` hears of the connection's state, `heard` gets the other side's stream.
    pub(crate) fn new(
        track: &MediaStreamTrack,
        mut seen: impl FnMut(Seen) + 'static,
        mut heard: impl FnMut(MediaStream) + 'static,
    ) -> Result<Self, JsValue> {
        let pc = RtcPeerConnection::new()?;
        let stream = MediaStream::new()?;
        stream.add_track(track);
        let sender = pc.add_track_0(track, &stream);
        let watched = pc.clone();
        let listeners = [
            Listener::new(&pc, "connectionstatechange", move |_| {
                let state = watched.connection_state();
                if state == RtcPeerConnectionState::Connected {
                    seen(Seen::Up);
                } else if state == RtcPeerConnectionState::Disconnected {
                    seen(Seen::Shaken);
                } else if state == RtcPeerConnectionState::Failed {
                    seen(Seen::Failed);
                }
            }),
            Listener::new(&pc, "track", move |event| {
                let event: RtcTrackEvent = event.unchecked_into();
                let stream = event.streams().get(0).dyn_into().or_else(|_| alone(&event.track()));
                if let Ok(stream) = stream {
                    heard(stream);
                }
            }),
        ];
        Ok(Self { pc, sender, _listeners: listeners })
    }

    pub(crate) fn connection(&self) -> RtcPeerConnection {
        self.pc.clone()
    }

    pub(crate) fn sender(&self) -> RtcRtpSender {
        self.sender.clone()
    }
}

fn alone(track: &MediaStreamTrack) -> Result<MediaStream, JsValue> {
    MediaStream::new_with_tracks(&Array::of1(track))
}

/// The SDP offer, without waiting for candidates: the server is ICE-lite and learns the browser's addresses
/// from its checks, so that they need not travel, and the first answer comes sooner.
pub(crate) async fn offer(pc: &RtcPeerConnection) -> Result<String, JsValue> {
    let made: RtcSessionDescriptionInit = JsFuture::from(pc.create_offer()).await?.unchecked_into();
    JsFuture::from(pc.set_local_description(&made)).await?;
    made.get_sdp().ok_or(JsValue::UNDEFINED)
}

/// True if the answer was taken; false if none was awaited (an answer to an offer that was replaced).
pub(crate) async fn answer(pc: &RtcPeerConnection, sdp: &str) -> Result<bool, JsValue> {
    if pc.signaling_state() != RtcSignalingState::HaveLocalOffer {
        return Ok(false);
    }
    let answer = RtcSessionDescriptionInit::new(RtcSdpType::Answer);
    answer.set_sdp(sdp);
    JsFuture::from(pc.set_remote_description(&answer)).await?;
    Ok(true)
}
