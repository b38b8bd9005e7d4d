//! Harbour & Pine, a merchant's shop that stands on a site of its own.
//!
//! It knows Ringside as any merchant does: by the script tag in its pages, by what its
//! Content-Security-Policy allows, and by the small API that the tag defines. It depends on no other crate of
//! the project. Nothing is sold here and nothing is stored: the cart lives in the browser, and the checkout
//! sends nothing.
//!
//! Pages are put together once, when the router is made ([`router`]); an answer is a look-up.
mod catalogue;
mod files;
mod origin;
mod pages;
mod serve;

pub use origin::ServerUrlError;

/// The whole shop, with the widget of the contact server at this origin (`http://localhost:8080`).
///
/// # Errors
/// If `contact_server` is anything but an http(s) origin: it goes into a security policy and into every page.
pub fn router(contact_server: &str) -> Result<axum::Router, ServerUrlError> {
    Ok(serve::router(&origin::Origin::parse(contact_server)?))
}
