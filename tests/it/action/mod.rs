//! The GitHub Action as a runner runs it: `action.yml` says the shell, the variables and the line, and nothing here says more.
//!
//! The runner is a stand-in that keeps what `actions/runner` does to a step of a composite action. The same action in workflows,
//! under act, is in `real/workflows.rs`.

mod attacks;
mod download;
mod environment;
mod files;
mod gate;
mod host;
mod inputs;
pub mod job;
mod publish;
mod release;
mod silence;
