//! stella proves that security scans are repeatable.
//!
//! ```text
//! scan ──▶ ScanManifest + artifacts ──▶ store (blobs by digest)
//!                                          │
//! discover ─▶ restore ─▶ execute ─▶ canonicalise ─▶ compare ─▶ attribute ─▶ report
//! (cases,     (inputs,   (sandbox   (profile        (BF SF PF  (floor rule,  (text, JSON,
//!  canaries)   scanner,   or in      by digest)      + diff)    experiment)   JUnit,
//!              feed,      process)                                            Markdown)
//!              policy)
//! ```
//!
//! | layer | modules | may use |
//! |---|---|---|
//! | words | `model` | nothing of ours |
//! | pure | `canonical`, `profiling`, `format`, `scanner`, `compare`, `attribute`, `score`, `report`, `wire`, `ci` | `model`; `profiling` also `canonical`, `scanner` also `format`, `report` also `score`, `wire` also `score` and `report` |
//! | world | `host`, then `git`, `oci`, `store`, `archive`, `bundle`, `rootfs`, `policy`, `sandbox`, `closure`, `attest` | `model`, `host`; the architecture test says who of them uses whom |
//! | scan | `config`, `job`, `workspace`, `artifacts`, `execute` | what stands before them |
//! | flow | `flow` | everything above; its rooms in the order `record`, `replay`, `experiment`, `suite` |
//! | faces | `cli` | everything above |
//!
//! A module uses what stands above it in this table, never what stands below; `tests/it/architecture` holds the exact rows.

pub mod model;

pub mod attribute;
pub mod canonical;
pub mod ci;
pub mod compare;
pub mod format;
pub mod profiling;
pub mod report;
pub mod scanner;
pub mod score;
pub mod wire;

pub mod host;

pub mod archive;
pub mod attest;
pub mod bundle;
pub mod closure;
pub mod git;
pub mod oci;
pub mod policy;
pub mod rootfs;
pub mod sandbox;
pub mod store;

pub mod artifacts;
pub mod config;
pub mod execute;
pub mod flow;
pub mod job;
pub mod workspace;

pub mod cli;
