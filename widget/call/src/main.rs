//! The small window: carries a call on that began in a shop's page, while the customer goes wherever they like.
//!
//! What it does is decided by [`state`], which is pure; [`app`] carries the effects out, [`shop`] speaks with the page
//! that opened the window.
mod app;
mod shop;
mod state;
mod view;
mod words;

fn main() {
    yew::Renderer::<app::App>::new().render();
}
