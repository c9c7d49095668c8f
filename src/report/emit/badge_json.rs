//! The badge as an endpoint of shields.io: <https://shields.io/badges/endpoint-badge>. It refuses keys that it does not know.

use serde::Serialize;

use crate::report::badge::LABEL;
use crate::report::emit::emitter::{Emitter, Media};

pub(super) const EMITTER: Emitter = Emitter {
    name: "badge-json",
    about: "the badge as an endpoint of shields.io",
    file: "badge.json",
    media: Media::Json,
    limit: 10_000,
    in_folder: false,
    emit: |report| {
        let (badge, colour) = (&report.badge, report.badge.colour);
        let endpoint = Endpoint {
            schema_version: 1,
            label: LABEL,
            message: &badge.message,
            color: colour.hex(),
            label_color: "555555",
        };
        let mut bytes = serde_json::to_vec_pretty(&endpoint)?;
        bytes.push(b'\n');
        Ok(bytes)
    },
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Endpoint<'a> {
    schema_version: u8,
    label: &'a str,
    message: &'a str,
    color: &'a str,
    label_color: &'a str,
}
