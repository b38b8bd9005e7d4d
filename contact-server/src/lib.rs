//! The shell around `contact-core`: sockets, tables, dialers and the clock.
//!
//! Engine side: `engine`, `dialer`, `prompts`, `config`, `admin`. Edge side: `access`, `http`, `ws`, `hub`, `auth`,
//! `assets`. They meet in [`ports`].
pub mod access;
pub mod admin;
pub mod app;
pub mod assets;
pub mod attack;
pub mod auth;
pub mod backup;
pub mod call;
pub mod clock;
pub mod config;
pub mod crowd;
pub mod demo;
pub mod dialer;
pub mod doctor;
pub mod edge;
pub mod engine;
pub mod erasure;
pub mod health;
pub mod http;
pub mod hub;
pub mod ids;
pub mod limits;
pub mod listen;
pub mod lobby;
pub mod logs;
pub mod masking;
pub mod metrics;
pub mod numbers;
pub mod openapi;
pub mod passwords;
pub mod patient;
pub mod ports;
pub mod problem;
pub mod prompts;
pub mod retention;
pub mod run;
pub mod setup;
pub mod sites;
pub mod stopping;
pub mod trace;
pub mod watch_listen;
pub mod windows;
pub mod ws;
