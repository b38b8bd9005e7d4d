//! A recording as it lies at the server: pieces that are fetched one by one. Pure.
use shared::{
    RecordingId,
    api::{RecordingSegment, Recordings},
    limits::RECORDING_ANSWER_BYTES,
};

/// The first piece is small: it is shown as soon as it is here.
const FIRST_BYTES: usize = 64 * 1024;

/// Segments that follow each other and are fetched at once. Times are milliseconds since the recording began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) recording: RecordingId,
    pub(crate) first: u32,
    pub(crate) last: u32,
    pub(crate) from: u64,
    pub(crate) until: u64,
    pub(crate) bytes: usize,
    /// A restart of the server, or a time without any page, is before it.
    pub(crate) after_break: bool,
}

pub(crate) fn pieces(recordings: &Recordings) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let Some(began) = recordings.parts.iter().flat_map(|part| &part.segments).map(|s| s.from).next() else {
        return pieces;
    };
    let after = |at: shared::Timestamp| at.since(began).as_millis().try_into().unwrap_or(u64::MAX);
    for part in &recordings.parts {
        let mut is_first = true;
        for segment in &part.segments {
            let &RecordingSegment { number, bytes, .. } = segment;
            let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
            // The server's times never go back; a forged one does not make the timeline do so.
            let before = pieces.last().map_or(0, |piece| piece.until);
            let from = after(segment.from).max(before);
            let until = after(segment.until).max(from);
            let most = if pieces.len() > 1 { RECORDING_ANSWER_BYTES } else { FIRST_BYTES };
            let goes_on = |last: &&mut Piece| {
                !is_first
                    && last.last.checked_add(1) == Some(number)
                    && last.bytes.saturating_add(bytes) <= most
            };
            if let Some(last) = pieces.last_mut().filter(goes_on) {
                (last.last, last.until, last.bytes) = (number, until, last.bytes + bytes);
            } else {
                pieces.push(Piece {
                    recording: part.recording,
                    first: number,
                    last: number,
                    from,
                    until,
                    bytes,
                    after_break: is_first && !pieces.is_empty(),
                });
            }
            is_first = false;
        }
    }
    pieces
}

#[cfg(test)]
pub(crate) mod tests {
    use shared::{Timestamp, api::RecordingPart};

    use super::*;

    /// Of segments as (from, until, bytes).
    pub(crate) fn part(id: u64, segments: &[(u64, u64, usize)]) -> RecordingPart {
        let segments = (0..).zip(segments).map(|(number, &(from, until, bytes))| RecordingSegment {
            number,
            from: Timestamp(from),
            until: Timestamp(until),
            bytes: u32::try_from(bytes).unwrap(),
        });
        RecordingPart {
            recording: RecordingId(id.into()),
            began_at: Timestamp(0),
            whole: true,
            segments: segments.collect(),
        }
    }

    #[test]
    fn pieces_are_as_large_as_one_answer_and_the_first_is_small() {
        let (small, large) = (FIRST_BYTES / 2, RECORDING_ANSWER_BYTES / 2);
        let one = part(
            1,
            &[
                (5_000, 5_900, small),
                (6_000, 6_900, small),
                (7_000, 7_900, small),
                (8_000, 8_900, large),
                (9_000, 9_900, large),
                (10_000, 10_900, 1),
                (11_000, 11_900, 3 * large),
            ],
        );
        let two = part(2, &[(60_000, 61_000, 1), (400, 500, 0)]);
        let pieces = pieces(&Recordings { parts: vec![one, two], origins: vec![] });
        let of = |piece: &Piece| (piece.first, piece.last, piece.from, piece.until);
        assert_eq!(
            pieces.iter().map(of).collect::<Vec<_>>(),
            [
                (0, 1, 0, 1_900),
                (2, 3, 2_000, 3_900),
                (4, 5, 4_000, 5_900),
                (6, 6, 6_000, 6_900),
                (0, 1, 55_000, 56_000)
            ]
        );
        let breaks: Vec<bool> = pieces.iter().map(|piece| piece.after_break).collect();
        assert_eq!(breaks, [false, false, false, false, true]);
    }
}
