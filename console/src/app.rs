//! Who is here: nobody yet, somebody at the door, or an agent at the desk.
use shared::api::Me;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::{desk::DeskView, http, sign_in::SignInForm};

#[derive(Clone, PartialEq)]
enum Who {
    /// The server is asked whether the cookie is still good.
    Asking,
    Nobody {
        why: Option<AttrValue>,
    },
    Agent(Me),
}

#[component]
pub(crate) fn App() -> Html {
    let who = use_state(|| Who::Asking);
    let set = who.setter();
    use_effect_with((), move |()| {
        spawn_local(async move {
            set.set(match http::me().await {
                Ok(me) => Who::Agent(me),
                Err(problem) if problem.status == 401 => Who::Nobody { why: None },
                Err(problem) => Who::Nobody { why: Some(problem.detail.into()) },
            });
        });
    });
    match &*who {
        Who::Asking => {
            html! { <main class="door" aria-busy="true"><p class="quiet">{ "Loading…" }</p></main> }
        }
        Who::Nobody { why } => {
            let set = who.setter();
            html! { <SignInForm why={why.clone()} on_me={move |me| set.set(Who::Agent(me))} /> }
        }
        Who::Agent(me) => {
            let set = who.setter();
            let leave = Callback::from(move |why: Option<AttrValue>| set.set(Who::Nobody { why }));
            html! { <DeskView me={me.clone()} on_leave={leave} /> }
        }
    }
}
