//! The demo's virtual telephone: it rings at a fictitious number, and is answered, refused or left ringing.
//!
//! What it does is decided by [`state`], which is pure; [`app`] carries the effects out.
mod app;
mod door;
mod icons;
mod sound;
mod state;
mod theme;
mod view;
mod words;

fn main() {
    yew::Renderer::<app::App>::new().render();
}
