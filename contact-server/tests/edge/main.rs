//! The edge as browsers meet it: a whole server with its store on disk, HTTP and WebSockets over loopback.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]
mod access;
mod assets;
mod attacks;
mod floods;
mod lead;
mod mirror;
mod openapi;
mod proofs;
mod rebuilds;
mod recordings;
mod requests;
mod schema;
mod secrets;
mod sessions;
mod sockets;
mod sockets_access;
mod support;
mod watching;
