//! flow/suite

pub mod canary;
pub mod case;
pub mod discover;
pub mod init;
pub mod one;
pub mod run;
pub mod subject;
