//! What of a browser's SDP offer is looked at, before a library parses it.
use shared::limits::SDP_BYTES;

use crate::SwitchError;

/// Lines of an offer; an honest one has about fifty.
const LINES: usize = 400;

/// Refuses what this switch never carries, so that no more of an offer is parsed than must be: exactly one
/// section, audio, with PCMU in it.
pub(crate) fn screen(sdp: &str) -> Result<(), SwitchError> {
    if sdp.len() > SDP_BYTES {
        return Err(SwitchError::Offer(format!("longer than {SDP_BYTES} bytes")));
    }
    if sdp.lines().count() > LINES {
        return Err(SwitchError::Offer(format!("more than {LINES} lines")));
    }
    let mut sections = sdp.lines().filter(|line| line.starts_with("m="));
    let (Some(section), None) = (sections.next(), sections.next()) else {
        return Err(SwitchError::Offer("there must be one media section".into()));
    };
    let mut words = section.trim_end().split(' ');
    if words.next() != Some("m=audio") {
        return Err(SwitchError::NoAudio);
    }
    // Port and protocol stand between; 0 is PCMU by RFC 3551, another number must be mapped to it.
    let mut formats = words.skip(2);
    let mapped = sdp.lines().any(|line| line.starts_with("a=rtpmap:") && line.contains(" PCMU/8000"));
    if formats.any(|format| format == "0") || mapped { Ok(()) } else { Err(SwitchError::NoAudio) }
}

/// The name of the one media section.
pub(crate) fn mid(sdp: &str) -> Option<&str> {
    sdp.lines().find_map(|line| line.strip_prefix("a=mid:")).map(str::trim_end)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n";

    #[test]
    fn one_section_of_audio_with_pcmu_passes() {
        assert!(screen(&format!("{HEAD}m=audio 9 UDP/TLS/RTP/SAVPF 111 0 8\r\n")).is_ok());
        let mapped = format!("{HEAD}m=audio 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 PCMU/8000\r\n");
        assert!(screen(&mapped).is_ok());
    }

    #[test]
    fn anything_else_is_refused_with_its_reason() {
        let refused = |sdp: &str| screen(sdp).unwrap_err().to_string();
        let audio = "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n";
        assert!(refused("").contains("one media section"));
        assert!(refused(&format!("{HEAD}{audio}{audio}")).contains("one media section"));
        assert!(refused(&format!("{HEAD}m=video 9 UDP/TLS/RTP/SAVPF 0\r\n")).contains("no audio"));
        assert!(refused(&format!("{HEAD}m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n")).contains("no audio"));
        assert!(refused(&"a".repeat(SDP_BYTES + 1)).contains("longer"));
        assert!(refused(&"\n".repeat(LINES + 1)).contains("lines"));
    }
}
