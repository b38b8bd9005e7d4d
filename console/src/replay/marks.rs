//! What stands on the timeline, from what is known of a recording so far. Pure.
use shared::{DocumentId, wire::recording::Miss};

use super::pieces::Piece;

/// Marks on one timeline.
const MOST_MARKS: usize = 500;

/// What an entry says to the timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sign {
    /// A keyframe, with title and URL of the page if they can be read.
    Page {
        document: DocumentId,
        page: Option<(String, String)>,
    },
    Missed(Miss),
    Led(Option<String>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Page {
        title: String,
        url: String,
    },
    Gap(Miss),
    /// Who had control.
    Control(String),
    /// A restart of the server, or a time without any page: another piece begins.
    Break,
}

/// Something worth finding again, from `at` on; `until` is where it ends, for what lasts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) at: u64,
    pub(crate) until: Option<u64>,
    pub(crate) kind: Kind,
}

/// Of pieces in their order, those that were read with their signs.
pub(crate) fn marks<'a>(pieces: impl Iterator<Item = (&'a Piece, Option<&'a [(u64, Sign)]>)>) -> Vec<Mark> {
    let mut marks: Vec<Mark> = Vec::new();
    let mut document = None;
    let mut before = 0;
    for (piece, signs) in pieces {
        if piece.after_break {
            put(&mut marks, before, Kind::Break);
            document = None;
        }
        before = piece.until;
        for (at, sign) in signs.unwrap_or_default() {
            match sign {
                Sign::Page { document: of, page } => {
                    close(&mut marks, *at, |kind| matches!(kind, Kind::Gap(_)));
                    if document.replace(*of) != Some(*of)
                        && let Some((title, url)) = page.clone()
                    {
                        put(&mut marks, *at, Kind::Page { title, url });
                    }
                }
                Sign::Missed(why) => {
                    close(&mut marks, *at, |kind| matches!(kind, Kind::Gap(_)));
                    put(&mut marks, *at, Kind::Gap(*why));
                }
                Sign::Led(by) => {
                    close(&mut marks, *at, |kind| matches!(kind, Kind::Control(_)));
                    if let Some(by) = by {
                        put(&mut marks, *at, Kind::Control(by.clone()));
                    }
                }
            }
        }
    }
    marks
}

fn put(marks: &mut Vec<Mark>, at: u64, kind: Kind) {
    if marks.len() < MOST_MARKS {
        marks.push(Mark { at, until: None, kind });
    }
}

/// Ends the last mark of a kind, if it lasts still.
fn close(marks: &mut [Mark], at: u64, is: impl Fn(&Kind) -> bool) {
    if let Some(open) = marks.iter_mut().rfind(|mark| is(&mark.kind)).filter(|mark| mark.until.is_none()) {
        open.until = Some(at);
    }
}
