//! The badge as a picture of its own: no service has to be asked for it.

use crate::report::badge::LABEL;
use crate::report::emit::emitter::{Emitter, Media};
use crate::report::publication::Publication;

pub(super) const EMITTER: Emitter = Emitter {
    name: "badge",
    about: "the badge as SVG",
    file: "badge.svg",
    media: Media::Svg,
    limit: 10_000,
    in_folder: false,
    emit: |report| Ok(svg(report).into_bytes()),
};

/// The width of text of 11 px in the usual faces, roughly: `textLength` makes it so.
fn width(text: &str) -> usize {
    text.chars().map(|c| if "ilI.,:;|!'() ".contains(c) { 4 } else { 7 }).sum()
}

fn svg(report: &Publication<'_>) -> String {
    let badge = &report.badge;
    // Both are ours: words, digits and a day.
    let (label, message, sentence) = (escaped(LABEL), escaped(&badge.message), escaped(&badge.sentence));
    let (left, right) = (width(LABEL) + 12, width(&badge.message) + 12);
    let (all, colour) = (left + right, badge.colour.hex());
    let (label_at, label_wide) = (left / 2, left - 12);
    let (message_at, message_wide) = (left + right / 2, right - 12);
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{all}" height="20" viewBox="0 0 {all} 20" role="img" aria-label="{sentence}">
<title>{sentence}</title>
<clipPath id="r"><rect width="{all}" height="20" rx="3"/></clipPath>
<g clip-path="url(#r)"><rect width="{left}" height="20" fill="#555555"/><rect x="{left}" width="{right}" height="20" fill="#{colour}"/></g>
<g fill="#ffffff" text-anchor="middle" font-family="Verdana,Geneva,DejaVu Sans,sans-serif" font-size="11">
<text x="{label_at}" y="14" textLength="{label_wide}">{label}</text>
<text x="{message_at}" y="14" textLength="{message_wide}">{message}</text>
</g>
</svg>
"##
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
