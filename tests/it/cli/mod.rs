//! One file per command.

mod adapter;
mod attacks;
mod bad_input;
mod canonicalize;
mod chaos;
mod ci;
mod demo;
mod diff;
mod doctor;
mod earlier_build;
mod edited;
mod explain;
mod feed;
pub(crate) mod gate;
mod image;
mod init;
mod manifest;
mod planted;
mod profile;
mod replay;
mod report;
mod sandbox;
mod scan;
pub mod scene;
mod score;
mod silence;
mod written;
