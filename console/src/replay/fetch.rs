//! Pieces of a recording are fetched one after the other, as they are wanted.
use shared::{
    ContactId,
    api::{PlayGranted, Problem},
};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::{
    ReelHandle,
    pieces::Piece,
    reel::{Place, Want},
    state::{Act, Play},
};
use crate::http;

/// The server's word for leave that has run out, or that was never given.
const NO_LEAVE: &str = "no_player";

#[derive(Clone, PartialEq)]
pub(super) struct Source {
    pub(super) contact: ContactId,
    pub(super) csrf: AttrValue,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fault {
    /// A piece did not come; `nothing`: it was the first.
    Failed { nothing: bool, problem: Problem },
    /// From the last whole page to the place it is more than is kept in memory.
    TooMuch,
}

/// Fetches the piece that is wanted most, whenever none is on its way. After a fault nothing more, until the callback is
/// called.
#[hook]
pub(super) fn use_fetching(
    source: Source,
    reel: &ReelHandle,
    play: &UseReducerHandle<Play>,
    shown: Place,
) -> (Option<Fault>, Callback<MouseEvent>) {
    let failed = use_state(|| None::<Problem>);
    let is_busy = use_mut_ref(|| false);
    let leave = use_mut_ref(|| None::<PlayGranted>);
    let want = reel.0.borrow_mut().want(shown, play.at);
    let (setter, reel, dispatch) = (failed.setter(), reel.clone(), play.dispatcher());
    let nothing = reel.0.borrow().progress().0 == 0;
    use_effect_with((want, play.came, failed.is_some()), move |&(want, _, has_failed)| {
        let wanted = if let Want::Piece(index) = want { Some(index) } else { None };
        let piece = wanted.and_then(|index| Some((index, reel.0.borrow().piece(index)?)));
        let Some((index, piece)) = piece.filter(|_| !has_failed && !is_busy.replace(true)) else { return };
        spawn_local(async move {
            let known = leave.take();
            let outcome = fetch(&source, known, piece).await;
            is_busy.replace(false);
            match outcome {
                Ok((granted, bytes)) => {
                    leave.replace(Some(granted));
                    let first = reel.0.borrow().progress().0 == 0;
                    reel.0.borrow_mut().add(index, &bytes);
                    dispatch.dispatch(Act::Came { first });
                }
                Err((granted, problem)) => {
                    leave.replace(granted);
                    setter.set(Some(problem));
                }
            }
        });
    });
    let fault = match (&*failed, want) {
        (Some(problem), _) => Some(Fault::Failed { nothing, problem: problem.clone() }),
        (None, Want::TooMuch) => Some(Fault::TooMuch),
        (None, _) => None,
    };
    let setter = failed.setter();
    (fault, Callback::from(move |_| setter.set(None)))
}

/// Asks for leave where there is none, which puts on record who looks. After an error with the leave that is still good.
async fn fetch(
    source: &Source,
    mut known: Option<PlayGranted>,
    piece: Piece,
) -> Result<(PlayGranted, Vec<u8>), (Option<PlayGranted>, Problem)> {
    let Piece { recording, first, last, .. } = piece;
    loop {
        let (granted, is_new) = match known.take() {
            Some(granted) => (granted, false),
            None => {
                let asked = http::play(source.contact, &source.csrf).await;
                (asked.map_err(|problem| (None, problem))?, true)
            }
        };
        match http::segments(source.contact, (recording, first, last), &granted.token).await {
            Ok(bytes) => return Ok((granted, bytes)),
            // It ran out: a recording may be looked at for hours.
            Err(problem) if problem.code == NO_LEAVE && !is_new => {}
            Err(problem) if problem.code == NO_LEAVE => return Err((None, problem)),
            Err(problem) => return Err((Some(granted), problem)),
        }
    }
}
