//! From a scan that somebody asks for to one that can be recorded.
//!
//! Absent: where the request comes from. A face makes a [`scan_request::ScanRequest`] of its arguments.

pub mod error;
pub mod excluded;
pub mod resolve;
pub mod scan_request;
pub mod scanner;
