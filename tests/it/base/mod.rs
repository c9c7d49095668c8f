//! Pull requests, judged by the rules of their base: from clones of a bare repository, as systems check them out.

mod accept;
pub mod attacks;
mod attacks_on_files;
mod attacks_on_git;
mod bad_input;
mod committed;
pub mod forge;
mod moved;
mod ordinary;
mod red_before;
mod reviewed;
mod shards;
mod taken_back;
mod which;
pub mod without;
mod words;
