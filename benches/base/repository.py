#!/usr/bin/env python3
"""Repositories for the figures of a base (docs/benchmarks.md), always the same for the same numbers.

    benches/base/repository.py STELLA DIR CASES CANARIES [COMMITS APPROVALS]

DIR gets so many cases and canaries, the canaries copies of one that STELLA records, and `main` as its branch. With COMMITS each of so
many commits changes a label of one canary, and so many approvals, each of a change that never came to the base, hold on all of them.
A branch `topic` differs from `main` by one text.
"""
import hashlib
import json
import os
import shutil
import subprocess
import sys

stella, top = os.path.abspath(sys.argv[1]), sys.argv[2]
cases, canaries = int(sys.argv[3]), int(sys.argv[4])
commits, approvals = (int(sys.argv[5]), int(sys.argv[6])) if len(sys.argv) > 5 else (0, 0)

WHEN = "2026-01-01T00:00:00Z"
OWN = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER")
       for what, value in (("NAME", "bench"), ("EMAIL", "bench@example.com"), ("DATE", WHEN))}
os.environ.update(OWN, GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_NOSYSTEM="1")


def run(*words):
    subprocess.run(words, cwd=top, check=True, stdout=subprocess.DEVNULL)


def git(*words):
    run("git", "-c", "gc.auto=0", "-c", "core.fsync=none", *words)


def write(path, text):
    path = os.path.join(top, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as out:
        out.write(text if isinstance(text, str) else json.dumps(text))


def commit(text):
    git("add", "--all")
    git("commit", "--quiet", "--allow-empty", "-m", text)


LOCK = {"lockfileVersion": 3, "packages": {"": {"name": "app", "version": "1.0.0"}, "node_modules/minimist": {"version": "0.0.8"}}}
RECORD = {
    "id": "GHSA-old", "modified": WHEN, "aliases": ["CVE-2020-0001"], "summary": "s", "database_specific": {"severity": "MODERATE"},
    "affected": [{"package": {"ecosystem": "npm", "name": "minimist"},
                  "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "0.2.1"}]}]}],
}
FINDING = {
    "cve_id": "CVE-2020-0001", "aliases": ["GHSA-old"], "affected_purl": "pkg:npm/minimist@0.0.8", "package": "minimist",
    "version": "0.0.8", "severity": "medium", "fixed_versions": ["0.2.1"], "reachability": "unknown",
    "vex_status": "under_investigation",
}

os.makedirs(top)
git("init", "--quiet", "-b", "main")
write(".stella.yaml", "version: 1\nsubject: {kind: feed, path: feed}\n")
write("feed/GHSA-old.json", RECORD)
for at in range(cases):
    folder = f"regressions/SCN-{at:04}"
    write(f"{folder}/case.metadata.json", {
        "id": f"SCN-{at:04}", "title": f"generated case {at}", "kind": "vulnerability-missed", "source": "benchmark",
        "severity": "low", "tags": ["language:javascript"]})
    write(f"{folder}/input/package-lock.json", LOCK)
    write(f"{folder}/input/feed/GHSA-old.json", RECORD)
    write(f"{folder}/expected/findings.json", {"schema": "stella.findings/1", "findings": [FINDING]})
if canaries:
    write("seen/package-lock.json", LOCK)
    first = "fixtures/canaries/canary-0000"
    os.makedirs(os.path.join(top, "home"))
    subprocess.run([stella, "scan", "--input", "seen", "--feed", "feed", "--store", "fixtures/store", "--emit-manifest",
                    f"{first}/manifest.json", "--emit-artifacts-dir", f"{first}/expected"], cwd=top, check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   env={**os.environ, "HOME": os.path.join(os.path.abspath(top), "home")})
    shutil.rmtree(os.path.join(top, "home"))
    for at in range(1, canaries):
        shutil.copytree(os.path.join(top, first), os.path.join(top, f"fixtures/canaries/canary-{at:04}"))


def digest(text):
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


entries = [
    f"- kind: recording\n  id: canary-{at % canaries:04}\n  rule: argv\n  old: {digest(f'old {at}')}\n  new: {digest(f'new {at}')}\n"
    f"  reason: r\n  by: bench\n  until: 2099-12-31\n" for at in range(approvals)
]
if entries:
    write("approvals.yaml", "version: 1\napprovals:\n" + "".join(entries))
commit("base")
for at in range(commits):
    path = f"fixtures/canaries/canary-{at % canaries:04}/manifest.json"
    with open(os.path.join(top, path)) as file:
        manifest = json.load(file)
    manifest.pop("seal", None)
    manifest["scan_id"] = f"of-commit-{at}"
    manifest.setdefault("labels", {})["round"] = str(at)
    write(path, manifest)
    git("add", path)
    git("commit", "--quiet", "-m", f"commit {at}")
git("checkout", "--quiet", "-b", "topic")
write("README.md", "more\n")
commit("topic")
