//! Objects by name, many at a time, from one `git cat-file --batch`.

use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;

use crate::git::error::GitError;
use crate::git::object_id::ObjectId;
use crate::host::ending::{self, Hold};

/// The longest line before an object.
const MAX_HEADER: u64 = 512;

/// A process that hands out objects.
#[derive(Debug)]
pub struct Objects {
    program: PathBuf,
    child: Child,
    questions: Option<BufWriter<ChildStdin>>,
    answers: BufReader<ChildStdout>,
    _hold: Option<Hold>,
}

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The bytes of a file, or where a link leads.
    Blob,
    /// A folder.
    Tree,
    /// A commit.
    Commit,
    /// A tag with a text of its own.
    Tag,
}

/// An object on its way.
pub struct Object<'a> {
    /// Which of those that were asked for.
    pub at: usize,
    /// What it is.
    pub kind: Kind,
    /// How many bytes it has.
    pub size: u64,
    /// Its bytes; what is not read is passed over.
    pub bytes: &'a mut dyn Read,
}

impl Objects {
    pub(super) fn start(mut command: Command, program: &Path) -> Result<Self, GitError> {
        let failed = |source| GitError::Run { program: program.to_owned(), source };
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let (mut child, hold) = ending::hold_child(|| command.spawn()).map_err(failed)?;
        let (questions, answers) = (child.stdin.take(), child.stdout.take());
        let (Some(questions), Some(answers)) = (questions, answers) else {
            return Err(failed(io::ErrorKind::BrokenPipe.into()));
        };
        Ok(Self {
            program: program.to_owned(),
            child,
            questions: Some(BufWriter::new(questions)),
            answers: BufReader::with_capacity(1 << 16, answers),
            _hold: hold,
        })
    }

    /// Hands each object to `visit`, in the order of `wanted`. `what` says in an error what they are.
    ///
    /// # Errors
    /// [`GitError::Missing`] for one that is not in this clone, else what `visit` says or what git did.
    pub fn each(
        &mut self,
        wanted: &[ObjectId],
        what: &str,
        visit: &mut dyn FnMut(Object<'_>) -> Result<(), GitError>,
    ) -> Result<(), GitError> {
        let failed = |source| GitError::Run { program: self.program.clone(), source };
        let Some(questions) = &mut self.questions else { return Err(failed(io::ErrorKind::BrokenPipe.into())) };
        let (answers, child) = (&mut self.answers, &mut self.child);
        // Git answers while it is asked: whoever asked for all first would wait for ever.
        let result = thread::scope(|scope| {
            let asking = scope.spawn(|| {
                for id in wanted {
                    writeln!(questions, "{id}")?;
                }
                questions.flush()
            });
            let answered = wanted.iter().enumerate().try_for_each(|(at, id)| answer(answers, at, id, what, visit));
            // Git would wait until its answer is read, and whoever asks until git goes on.
            if answered.is_err() {
                let _ = child.kill();
                return answered;
            }
            match asking.join() {
                Ok(asked) => asked.map_err(failed),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        });
        if result.is_err() {
            // Nobody knows where in its answers it is.
            self.questions = None;
            let _ = self.child.kill();
        }
        result
    }

    /// Whether nothing more can be asked: git ended, or said something that was not understood.
    pub fn is_over(&self) -> bool {
        self.questions.is_none()
    }

    /// The whole of one object of at most `limit` bytes.
    ///
    /// # Errors
    /// As [`each`](Self::each).
    pub fn read(&mut self, id: &ObjectId, what: &str, limit: u64) -> Result<(Kind, Vec<u8>), GitError> {
        let mut found = None;
        let program = self.program.clone();
        self.each(std::slice::from_ref(id), what, &mut |object| {
            let mut bytes = Vec::new();
            if object.size > limit {
                return Err(GitError::Malformed { what: what.to_owned(), id: id.to_string(), why: "too large" });
            }
            let read = object.bytes.read_to_end(&mut bytes);
            read.map_err(|source| GitError::Run { program: program.clone(), source })?;
            found = Some((object.kind, bytes));
            Ok(())
        })?;
        found.ok_or_else(|| GitError::Missing { what: what.to_owned(), id: id.to_string() })
    }
}

impl Drop for Objects {
    fn drop(&mut self) {
        self.questions = None;
        let _ = self.child.wait();
    }
}

/// Reads one answer: `<name> <kind> <size>`, the bytes, a line break; or `<name> missing`.
fn answer(
    answers: &mut BufReader<ChildStdout>,
    at: usize,
    id: &ObjectId,
    what: &str,
    visit: &mut dyn FnMut(Object<'_>) -> Result<(), GitError>,
) -> Result<(), GitError> {
    let malformed = |why| GitError::Malformed { what: what.to_owned(), id: id.to_string(), why };
    let missing = || GitError::Missing { what: what.to_owned(), id: id.to_string() };
    let mut header = Vec::new();
    let read = answers.by_ref().take(MAX_HEADER).read_until(b'\n', &mut header);
    if read.map_err(|_| malformed("git ended"))? == 0 {
        return Err(malformed("git ended: the object may be damaged"));
    }
    let header = String::from_utf8_lossy(&header);
    let words: Vec<&str> = header.split_whitespace().collect();
    let (kind, size) = match words.as_slice() {
        [name, kind, size] if *name == id.as_str() => (*kind, size.parse::<u64>().ok()),
        [name, "missing"] if *name == id.as_str() => return Err(missing()),
        _ => return Err(malformed("git answered something else")),
    };
    let kind = match kind {
        "blob" => Kind::Blob,
        "tree" => Kind::Tree,
        "commit" => Kind::Commit,
        "tag" => Kind::Tag,
        _ => return Err(malformed("its kind is not known")),
    };
    let size = size.ok_or_else(|| malformed("its size is not a number"))?;
    let mut bytes = answers.take(size);
    visit(Object { at, kind, size, bytes: &mut bytes })?;
    let broken = |_| malformed("git ended");
    io::copy(&mut bytes, &mut io::sink()).map_err(broken)?;
    if bytes.limit() > 0 {
        return Err(malformed("git ended in the middle of it"));
    }
    let mut end = [0];
    answers.read_exact(&mut end).map_err(broken)?;
    if end == *b"\n" { Ok(()) } else { Err(malformed("it is longer than git said")) }
}
