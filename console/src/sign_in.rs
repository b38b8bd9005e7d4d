//! The door.
use shared::api::{Me, SignIn};
use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::{http, icons::Icon};

#[derive(Properties, PartialEq)]
pub(crate) struct SignInProps {
    pub(crate) on_me: Callback<Me>,
    /// Why the agent stands here again, if so.
    pub(crate) why: Option<AttrValue>,
}

#[component]
pub(crate) fn SignInForm(props: &SignInProps) -> Html {
    let login = use_node_ref();
    let password = use_node_ref();
    let busy = use_state(|| false);
    let trouble = use_state(|| None::<String>);
    let submit = {
        let (login, password, busy, trouble, on_me) =
            (login.clone(), password.clone(), busy.clone(), trouble.clone(), props.on_me.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let text = |node: &NodeRef| {
                node.cast::<HtmlInputElement>().map(|input| input.value()).unwrap_or_default()
            };
            let body = SignIn { login: text(&login).trim().to_owned(), password: text(&password) };
            if body.login.is_empty() || body.password.is_empty() {
                trouble.set(Some("Enter your login and your password.".into()));
                return;
            }
            busy.set(true);
            trouble.set(None);
            let (busy, trouble, on_me) = (busy.clone(), trouble.clone(), on_me.clone());
            spawn_local(async move {
                match http::sign_in(&body).await {
                    Ok(me) => on_me.emit(me),
                    Err(problem) => trouble.set(Some(problem.detail)),
                }
                busy.set(false);
            });
        })
    };
    let text = trouble.as_deref().or(props.why.as_deref());
    html! {
        <main class="door">
            <form class="door-card" onsubmit={submit} novalidate=true aria-busy={busy.to_string()}>
                <div class="brand">{ Icon::Phone.html() }<h1>{ "Ringside" }</h1></div>
                <p class="quiet">{ "Sign in to take calls." }</p>
                <label for="login">{ "Login" }</label>
                <input id="login" ref={login} autocomplete="username" autocapitalize="none" spellcheck="false"
                    aria-describedby="door-trouble" autofocus=true />
                <label for="password">{ "Password" }</label>
                <input id="password" ref={password} type="password" autocomplete="current-password"
                    aria-describedby="door-trouble" />
                <p id="door-trouble" class="trouble" role="alert">{ text.unwrap_or_default() }</p>
                <button class="primary" disabled={*busy}>{ if *busy { "Signing in…" } else { "Sign in" } }</button>
            </form>
        </main>
    }
}
