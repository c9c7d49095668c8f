//! Texts that name something: package URLs, images, platforms, digests, paths in archives, artifacts. What is read is
//! spelled in one way.

use std::fmt::Display;
use std::str::FromStr;

use stella::archive::EntryPath;
use stella::model::artifact::ProfileName;
use stella::model::artifact_spec::ArtifactSpec;
use stella::model::digest::Digest;
use stella::model::package::Purl;
use stella::oci::{ImageName, Platform};

/// One run of the target.
pub fn run(text: &str) {
    spelled_in_one_way::<Purl>(text);
    spelled_in_one_way::<ImageName>(text);
    spelled_in_one_way::<Platform>(text);
    spelled_in_one_way::<Digest>(text);
    spelled_in_one_way::<EntryPath>(text);
    spelled_in_one_way::<ProfileName>(text);
    let _ = text.parse::<ArtifactSpec>();
}

fn spelled_in_one_way<T: FromStr + Display + PartialEq>(text: &str) {
    if let Ok(read) = text.parse::<T>() {
        let spelled = read.to_string();
        let again = spelled.parse::<T>().ok();
        assert!(again.as_ref() == Some(&read), "`{text}` is spelled `{spelled}`, which is not the same");
        assert_eq!(again.map(|again| again.to_string()), Some(spelled));
    }
}
