//! The rules as claims, and a simulation of random histories. Helpers: [`stage`], [`ledger`].
mod calls;
mod ledger;
mod sim;
mod stage;
