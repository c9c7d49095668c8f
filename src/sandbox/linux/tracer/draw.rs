//! Random bytes that a program asks the kernel for: they follow from the seed and from who asks.

use crate::sandbox::linux::random::{fill, mix};
use crate::sandbox::linux::tracee::{self, Pid, Resume};
use crate::sandbox::linux::tracer::{EFAULT, Tracer};

/// The most that one call gives, as in the kernel, in bytes.
const MOST: u64 = (32 << 20) - 1;
const CHUNK: usize = 64 << 10;

impl Tracer<'_> {
    /// `getrandom(buffer, length, flags)`.
    pub(super) fn draw(&mut self, pid: Pid, arguments: &[u64; 6]) -> Resume {
        let [address, length, ..] = *arguments;
        let length = length.min(MOST);
        let Some(task) = self.tasks.get(&pid) else {
            tracee::fail(pid);
            return Resume::Run;
        };
        let (key, executable) = {
            let mut process = task.process.borrow_mut();
            process.draws += 1;
            (mix(process.key, process.draws << 8), process.executable)
        };
        self.observed.draw(executable, usize::try_from(length).unwrap_or(usize::MAX));
        let mut buffer = vec![0; CHUNK.min(usize::try_from(length).unwrap_or(CHUNK))];
        let mut done = 0;
        while done < length {
            let part = usize::try_from(length - done).unwrap_or(CHUNK).min(buffer.len());
            let Some(part) = buffer.get_mut(..part) else { break };
            fill(key, done / 8, part);
            let written = tracee::write_some(pid, address.wrapping_add(done), part);
            done += written as u64;
            if written < part.len() {
                break;
            }
        }
        // As the kernel: what could be written counts, and nothing at all is an error.
        tracee::answer(pid, if done == 0 && length > 0 { -EFAULT } else { done.cast_signed() });
        Resume::Run
    }
}
