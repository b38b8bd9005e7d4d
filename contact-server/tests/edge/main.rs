//! The edge as browsers meet it: a whole server with its store on disk, HTTP and WebSockets over loopback.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]
mod assets;
mod mirror;
mod openapi;
mod requests;
mod sessions;
mod sockets;
mod support;
