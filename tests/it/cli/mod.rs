//! One file per command.

mod bad_input;
mod ci;
mod demo;
mod diff;
mod feed;
mod init;
mod manifest;
mod replay;
mod scan;
mod scene;
