//! What viewers may say of marks and deeds at all.
use shared::{
    limits::{ACT_STEPS, CHOSEN, FILL_CHARS, INK_POINTS},
    wire::lead::{ActWithin, Deed, Mark, Point},
};

pub(super) fn fits(point: &Point) -> bool {
    match &point.mark {
        Mark::Ink { points, .. } => points.len() <= INK_POINTS,
        Mark::Laser(_) | Mark::Highlight(_) | Mark::Gone => true,
    }
}

pub(super) fn is_possible(within: &ActWithin) -> bool {
    if within.path.len() > ACT_STEPS {
        return false;
    }
    match &within.act.deed {
        Deed::Fill { text, .. } => text.chars().count() <= FILL_CHARS,
        Deed::Choose { options, .. } => options.len() <= CHOSEN,
        Deed::Click { .. }
        | Deed::Press { .. }
        | Deed::Scroll { .. }
        | Deed::Grab { .. }
        | Deed::Drag { .. }
        | Deed::Drop { .. } => true,
    }
}
