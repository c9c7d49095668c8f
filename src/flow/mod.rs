//! The flow: from a scan to a manifest, from a manifest to a verdict.
//!
//! - [`record`](mod@record): job → executed → manifest
//! - [`restore`](mod@restore): manifest → job; `contradictions`: what shows that a manifest was edited
//! - [`execute`](mod@execute): job → artifacts, in process or in the sandbox
//! - [`verdict`]: expected and actual artifacts → fidelity and difference
//! - [`replay`]: job and expectation → one result, seen twice where it differs
//! - [`mod@history`], [`gate`]: what was replayed before, and what a gate says of it
//! - [`explain`]: a replay that differs → replays with single inputs swapped → the cause of each change
//! - [`adapter`]: a real scanner's name → the command of a job
//! - [`case`], [`canary`], [`discover`], [`subject`], [`ci`]: a repository → many replays
//!
//! Invariants: what goes wrong in one replay stays in its result; nothing here prints or exits.

pub mod adapter;
pub mod artifact_spec;
pub mod as_is;
pub mod bisect;
pub mod builtin;
pub mod builtin_files;
pub mod canary;
pub mod canonicalize;
pub mod case;
pub mod cells;
pub mod chaos;
pub mod ci;
pub mod config;
pub mod context;
pub mod contradictions;
pub mod demo;
pub mod diff_paths;
pub mod dimensions;
pub mod discover;
pub mod doctor;
pub mod execute;
mod experiment;
pub mod explain;
pub mod failure;
pub mod gate;
pub mod health;
pub mod history;
pub mod image;
pub mod in_file;
mod in_place;
pub mod init;
mod inventories;
pub mod job;
pub mod keep;
pub mod learn;
pub mod manifest_file;
pub mod material;
pub mod observe;
pub mod osv_feed;
pub mod perturb;
pub mod places;
pub mod produced;
pub mod profiles;
pub mod recognise;
pub mod record;
pub mod recorded;
pub mod replay;
pub mod replay_manifest;
pub mod restore;
pub mod roots;
pub mod runtime;
pub mod schema;
pub mod settings;
pub mod shell;
mod showing;
pub mod source_line;
pub mod subject;
pub mod swap;
pub mod trees;
pub mod verdict;
