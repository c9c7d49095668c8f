//! The JSON Schemas of the files that people and other programs read and write, generated from the types that read them.

use schemars::schema_for;
use serde_json::Value;

use crate::config::RawConfig;
use crate::config::adapter::RawAdapter;
use crate::config::approvals::RawApprovalsFile;
use crate::flow::suite::case::{CaseConfig, CaseMetadata};
use crate::format::coverage::CoverageV1;
use crate::format::decision::DecisionV1;
use crate::format::evidence::EvidenceV1;
use crate::format::feed_totals::FeedTotalsV1;
use crate::format::findings::FindingsV1;
use crate::model::manifest::ScanManifest;
use crate::sandbox::ledger::LedgerLine;
use crate::wire::attestation::replay_fidelity::ReplayFidelityV01;
use crate::wire::attestation::statement::Statement;
use crate::wire::schema as wire;
use crate::wire::v1::chaos::ChaosV1;
use crate::wire::v1::closure::{ClosureDiffV1, ClosureV1};
use crate::wire::v1::commands::{
    AcceptV1, AdaptersV1, AttestV1, DiffV1, DoctorV1, FeedBundleInfoV1, ImageInfoV1, InitV1, KeyV1,
    ManifestValidationV1, RecordingV1, SubmitV1, VerifyV1,
};
use crate::wire::v1::explanation::ExplanationV1;
use crate::wire::v1::feed_bisect::FeedBisectV1;
use crate::wire::v1::gate::GateV1;
use crate::wire::v1::history::HistoryLineV1;
use crate::wire::v1::profiles::{ProfileExplanationV1, ProfileLearnV1, ProfileListV1, ProfileTestV1};
use crate::wire::v1::publish::PublishV1;
use crate::wire::v1::reproduce::ReproduceV1;
use crate::wire::v1::reviewed::ReviewedV1;
use crate::wire::v1::score::ScoreV1;
use crate::wire::v1::timings::TimingsV1;

/// Every schema with the name of its file below `docs/schema/`. A test holds the files fresh.
pub fn all() -> Vec<(&'static str, Value)> {
    vec![
        ("scan-manifest-v1.json", schema_for!(ScanManifest).to_value()),
        ("case-metadata-v1.json", schema_for!(CaseMetadata).to_value()),
        ("case-config-v1.json", schema_for!(CaseConfig).to_value()),
        ("stella-yaml-v1.json", schema_for!(RawConfig).to_value()),
        ("approvals-v1.json", schema_for!(RawApprovalsFile).to_value()),
        ("adapter-v1.json", schema_for!(RawAdapter).to_value()),
        ("findings-v1.json", schema_for!(FindingsV1).to_value()),
        ("decision-v1.json", schema_for!(DecisionV1).to_value()),
        ("coverage-v1.json", schema_for!(CoverageV1).to_value()),
        ("feed-v1.json", schema_for!(FeedTotalsV1).to_value()),
        ("evidence-v1.json", schema_for!(EvidenceV1).to_value()),
        ("result-v1.json", wire::result()),
        ("diff-summary-v1.json", wire::diff_summary()),
        ("recording-v1.json", schema_for!(RecordingV1).to_value()),
        ("explanation-v1.json", schema_for!(ExplanationV1).to_value()),
        ("chaos-v1.json", schema_for!(ChaosV1).to_value()),
        ("feed-bisect-v1.json", schema_for!(FeedBisectV1).to_value()),
        ("diff-v1.json", schema_for!(DiffV1).to_value()),
        ("adapters-v1.json", schema_for!(AdaptersV1).to_value()),
        ("manifest-validation-v1.json", schema_for!(ManifestValidationV1).to_value()),
        ("init-v1.json", schema_for!(InitV1).to_value()),
        ("publish-v1.json", schema_for!(PublishV1).to_value()),
        ("feed-bundle-info-v1.json", schema_for!(FeedBundleInfoV1).to_value()),
        ("attest-v1.json", schema_for!(AttestV1).to_value()),
        ("submit-v1.json", schema_for!(SubmitV1).to_value()),
        ("verify-v1.json", schema_for!(VerifyV1).to_value()),
        ("replay-fidelity-v0.1.json", schema_for!(Statement<ReplayFidelityV01>).to_value()),
        ("key-v1.json", schema_for!(KeyV1).to_value()),
        ("doctor-v1.json", schema_for!(DoctorV1).to_value()),
        ("ledger-v1.json", schema_for!(LedgerLine).to_value()),
        ("history-v1.json", schema_for!(HistoryLineV1).to_value()),
        ("score-v1.json", schema_for!(ScoreV1).to_value()),
        ("gate-v1.json", schema_for!(GateV1).to_value()),
        ("timings-v1.json", schema_for!(TimingsV1).to_value()),
        ("reproduce-v1.json", schema_for!(ReproduceV1).to_value()),
        ("accept-v1.json", schema_for!(AcceptV1).to_value()),
        ("reviewed-v1.json", schema_for!(ReviewedV1).to_value()),
        ("closure-info-v1.json", schema_for!(ClosureV1).to_value()),
        ("closure-diff-v1.json", schema_for!(ClosureDiffV1).to_value()),
        ("image-info-v1.json", schema_for!(ImageInfoV1).to_value()),
        ("profile-list-v1.json", schema_for!(ProfileListV1).to_value()),
        ("profile-explanation-v1.json", schema_for!(ProfileExplanationV1).to_value()),
        ("profile-test-v1.json", schema_for!(ProfileTestV1).to_value()),
        ("profile-learn-v1.json", schema_for!(ProfileLearnV1).to_value()),
    ]
}
