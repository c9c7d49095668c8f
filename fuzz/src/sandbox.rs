//! What the sandbox's two sides say to each other: a spec, and the ledger that comes back. What is read is written and
//! read back, and is as one line however its texts are.

use stella::model::result::Isolation;
use stella::sandbox::ledger::{Ledger, LedgerLine};
use stella::sandbox::spec::SandboxSpec;

/// One run of the target.
pub fn run(input: &[u8]) {
    if let Ok(spec) = serde_json::from_slice::<SandboxSpec>(input) {
        let written = serde_json::to_vec(&spec).expect("it was read");
        assert_eq!(serde_json::from_slice::<SandboxSpec>(&written).expect("we wrote it"), spec);
    }
    if let Ok(ledger) = serde_json::from_slice::<Ledger>(input) {
        ledger.denied();
        let lines = ledger.to_lines(Isolation::Full, &[]);
        let lines: Vec<&[u8]> = lines.split(|byte| *byte == b'\n').collect();
        assert_eq!(lines.len(), ledger.entries.len() + 2);
        for (line, entry) in lines[1..].iter().zip(&ledger.entries) {
            let read: LedgerLine = serde_json::from_slice(line).expect("we wrote it");
            assert_eq!(read, LedgerLine::Entry(entry.clone()));
        }
    }
}
