//! The paths that a run looks up, each once for each thing that is done with it, bounded.

use std::collections::HashMap;

use crate::model::text::path_bytes;
use crate::sandbox::look_ups::LookUps;

/// The most bytes of all paths together: the report of a run has to hold them.
const MOST_BYTES: usize = 6 << 20;

/// What is done with a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    LookAt = 1,
    List = 2,
    Open = 4,
    Execute = 8,
}

/// The paths so far.
#[derive(Debug, Default)]
pub(super) struct Noted {
    paths: HashMap<Vec<u8>, u8>,
    bytes: usize,
    cut: bool,
}

impl Noted {
    pub(super) fn add(&mut self, path: &[u8], access: Access) {
        if let Some(accesses) = self.paths.get_mut(path) {
            *accesses |= access as u8;
        } else if self.bytes + path.len() > MOST_BYTES {
            self.cut = true;
        } else {
            self.bytes += path.len();
            self.paths.insert(path.to_vec(), access as u8);
        }
    }

    pub(super) fn into_look_ups(self) -> LookUps {
        let of = |access: Access| {
            let with = self.paths.iter().filter(|(_, accesses)| **accesses & access as u8 != 0);
            let mut paths: Vec<String> = with.map(|(path, _)| path_bytes::to_text(path)).collect();
            paths.sort_unstable();
            paths
        };
        LookUps {
            executed: of(Access::Execute),
            opened: of(Access::Open),
            listed: of(Access::List),
            looked_at: of(Access::LookAt),
            cut: self.cut,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_noted_once_for_each_thing_that_is_done_with_it() {
        let mut noted = Noted::default();
        for access in [Access::LookAt, Access::Open, Access::Open] {
            noted.add(b"/b", access);
        }
        noted.add(b"/\xff", Access::Open);
        noted.add(b"/d", Access::List);
        let look_ups = noted.into_look_ups();
        assert_eq!(
            (look_ups.opened.as_slice(), look_ups.looked_at.as_slice()),
            (&["/%ff".into(), "/b".into()][..], &["/b".into()][..])
        );
        assert_eq!((look_ups.listed, look_ups.executed, look_ups.cut), (vec!["/d".to_owned()], Vec::new(), false));
    }

    #[test]
    fn a_program_that_looks_for_everything_fills_no_memory_and_is_said_to_have() {
        let mut noted = Noted::default();
        for number in 0..3_000 {
            noted.add(format!("/{number}{}", "x".repeat(4_000)).as_bytes(), Access::LookAt);
        }
        let bytes: usize = noted.paths.keys().map(Vec::len).sum();
        assert!(bytes <= MOST_BYTES);
        assert!(noted.into_look_ups().cut);
    }
}
