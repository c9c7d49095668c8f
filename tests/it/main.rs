//! The one integration binary: every file below `tests/it` is a module of it.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests: a panic is how they fail, and they say what they skip"
)]

mod action;
mod architecture;
mod attest;
mod attribution;
mod base;
mod cli;
mod closure;
mod comparing;
mod corpus;
mod docs;
mod generated;
mod harness;
mod health;
mod matching;
mod members;
mod oci_layout;
mod publish;
mod real;
#[cfg(feature = "registry")]
mod registry;
mod sandbox;
mod schemas;
mod seeds;
mod troubleshooting;
mod wire;
mod workflows;
