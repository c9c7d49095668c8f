//! What experiments on a case come to: values that are shown, and written by [`crate::wire`].

pub mod bisect;
pub mod chaos;
pub mod explanation;
