//! What the author of a malicious pull request may try ([`crate::base::attacks`]), through the action: red by the same reason.

use std::fs;

use serde_json::Value;

use crate::action::job::Job;
use crate::base::attacks::ATTACKS;
use crate::base::forge::{Forge, about, codes};

#[test]
fn each_attack_on_the_gate_is_red_through_the_action_too() {
    let forge = Forge::new();
    for (name, attack, code, what, _) in ATTACKS {
        let pull = forge.pull(attack);
        let work = forge.check_out(&pull.merge, Some(2));
        let event = forge.event(&pull);
        let job = event.iter().fold(Job::new().with_binary(), |job, (name, value)| job.env(name, value));
        let job = job.env("GITHUB_WORKSPACE", work.to_str().unwrap());
        let step = job.ends(1, &[]);
        let result: Value = serde_json::from_slice(&fs::read(step.output("result")).unwrap()).unwrap();
        assert!(codes(&result, "fail").contains(&(*code).to_owned()), "{name}: {:#}", result["gate"]);
        let mut found = about(&result, code);
        found.sort();
        assert_eq!(found.join(","), *what, "{name}");
        // Where people look it is red, too.
        assert!(step.summary.contains("## stella: failed"), "{name}: {}", step.summary);
    }
}
