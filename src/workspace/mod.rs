//! workspace

pub mod context;
pub mod image;
pub mod open_inputs;
pub mod profiles;
