//! What a program prints, read by a thread of its own, where there is no way to wait for several streams at a time.

use std::io::{ErrorKind, Read};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::sandbox::budget::Budget;

/// How much is read at a time, in bytes.
const CHUNK: usize = 64 << 10;

/// One stream that is being read by a thread of its own.
#[derive(Debug)]
pub(crate) struct Stream(Arc<Mutex<Vec<u8>>>);

impl Stream {
    /// Starts to read; `exceeded` is sent when the budget is, and `ended` when nothing comes any more.
    pub(crate) fn start<E: Clone + Send + 'static>(
        mut from: impl Read + Send + 'static,
        budget: Arc<Budget>,
        events: Sender<E>,
        exceeded: E,
        ended: E,
    ) -> Self {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let stream = Self(Arc::clone(&kept));
        thread::spawn(move || {
            let mut chunk = vec![0; CHUNK];
            // What is over the limit is read and dropped, so that the program dies by our hand and not by a full pipe.
            loop {
                let read = match from.read(&mut chunk) {
                    Ok(0) => break,
                    Ok(read) => read,
                    Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                    Err(_) => break,
                };
                let keep = budget.take(read);
                kept.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(chunk.get(..keep).unwrap_or(&[]));
                if keep < read {
                    events.send(exceeded.clone()).ok();
                }
            }
            events.send(ended).ok();
        });
        stream
    }

    /// What was kept so far.
    pub(crate) fn take(self) -> Vec<u8> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Cursor};
    use std::sync::mpsc;

    use super::*;

    #[derive(Debug, Clone, PartialEq)]
    enum Event {
        Exceeded,
        Ended,
    }

    fn read(from: impl Read + Send + 'static, budget: &Arc<Budget>) -> (Vec<u8>, Vec<Event>) {
        let (send, receive) = mpsc::channel();
        let stream = Stream::start(from, Arc::clone(budget), send, Event::Exceeded, Event::Ended);
        let events = receive.iter().collect();
        (stream.take(), events)
    }

    #[test]
    fn the_limit_is_exact_and_shared() {
        let budget = Budget::new(5);
        assert_eq!(read(Cursor::new("abc"), &budget), (b"abc".to_vec(), vec![Event::Ended]));
        assert_eq!(read(Cursor::new("de"), &budget), (b"de".to_vec(), vec![Event::Ended]));
        assert!(!budget.is_exceeded());
        assert_eq!(read(Cursor::new("f"), &budget), (vec![], vec![Event::Exceeded, Event::Ended]));
        assert!(budget.is_exceeded());
    }

    #[test]
    fn a_flood_is_drained_and_not_kept() {
        let (kept, events) = read(io::repeat(b'x').take(10 << 20), &Budget::new(100));
        assert_eq!(kept.len(), 100);
        assert_eq!(events.last(), Some(&Event::Ended));
    }
}
