//! The agent's console: sign in, take calls, see the customer's page, wrap up.
//!
//! State is pure ([`desk::state`]) and tested natively; sockets, storage, voice and sounds live in hooks. The
//! server's snapshots are the truth: nothing here guesses what a call does.
mod app;
mod desk;
mod history;
mod http;
mod icons;
mod replay;
mod sign_in;
mod time;
mod words;

fn main() {
    yew::Renderer::<app::App>::new().render();
}
