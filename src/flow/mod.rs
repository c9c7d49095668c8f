//! The flow.

pub mod experiment;
pub mod history;
pub mod record;
pub mod replay;
pub mod schema;
pub mod suite;
