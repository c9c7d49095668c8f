//! For terminals and CI logs.
//!
//! Invariants: a colour never says what a word does not; no line begins with foreign text (some CI systems
//! obey such lines); a table is never wider than the style's width. Absent: stdout, and asking what it is:
//! the caller owns the sink and chooses the [`Style`].

mod bisection;
mod block;
mod chaos;
mod doctor;
mod explanation;
mod fold;
mod gate;
mod report;
mod score;
mod style;
mod table;

pub use bisection::bisection;
pub use block::{diff, replay};
pub use chaos::chaos;
pub use doctor::doctor;
pub use explanation::explanation;
pub use fold::fold;
pub use gate::gate;
pub use report::{Show, TextReport};
pub use score::scores;
pub use style::Style;
