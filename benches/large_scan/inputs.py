#!/usr/bin/env python3
"""Inputs of the large scan: an npm lockfile and OSV records, always the same for the same numbers.

    benches/large_scan/inputs.py DIR [RECORDS [PACKAGES]]

Half of the records concern packages of the lockfile. Ranges, lists of versions, aliases, severities and prose are about as many and
as long as in the records that osv.dev publishes for npm.
"""
import json
import os
import random
import sys

directory = sys.argv[1]
records = int(sys.argv[2]) if len(sys.argv) > 2 else 20_000
packages = int(sys.argv[3]) if len(sys.argv) > 3 else 5_000
rng = random.Random(1)

WORDS = "a crafted request lets an attacker read write parse header token buffer path of the server before version".split()


def prose(words):
    return " ".join(rng.choice(WORDS) for _ in range(words))


def version():
    return f"{rng.randrange(6)}.{rng.randrange(20)}.{rng.randrange(30)}"


def name(at):
    return f"@scope{at % 97}/package-{at}" if at % 5 == 0 else f"package-{at}"


os.makedirs(f"{directory}/feed", exist_ok=True)
lock = {"": {"name": "app", "version": "1.0.0"}}
for at in range(packages):
    lock[f"node_modules/{name(at)}"] = {"version": version()}
with open(f"{directory}/package-lock.json", "w") as out:
    json.dump({"name": "app", "lockfileVersion": 3, "packages": lock}, out)

VECTOR = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:{}/I:{}/A:{}"
for at in range(records):
    about = rng.randrange(packages) if at % 2 else packages + rng.randrange(packages * 4)
    affected = []
    for _ in range(rng.choice([1, 1, 1, 2])):
        low, high = sorted([version(), version()], key=lambda text: [int(part) for part in text.split(".")])
        affected.append({
            "package": {"ecosystem": "npm", "name": name(about), "purl": f"pkg:npm/{name(about).replace('@', '%40')}"},
            "ranges": [{"type": "SEMVER", "events": [{"introduced": rng.choice(["0", low])}, {"fixed": high}]}],
            "versions": [version() for _ in range(rng.randrange(20))],
        })
    record = {
        "schema_version": "1.6.0",
        "id": f"GHSA-{at:04x}-2222-3333",
        "modified": "2026-01-01T00:00:00Z",
        "published": "2025-01-01T00:00:00Z",
        "aliases": [f"CVE-2025-{10_000 + at}"],
        "summary": prose(8),
        "details": prose(rng.randrange(50, 400)),
        "severity": [{"type": "CVSS_V3", "score": VECTOR.format(*(rng.choice("HLN") for _ in range(3)))}],
        "affected": affected,
        "references": [{"type": "WEB", "url": f"https://example.com/{at}/{i}"} for i in range(rng.randrange(6))],
        "database_specific": {"severity": rng.choice(["LOW", "MODERATE", "HIGH", "CRITICAL"]), "cwe_ids": ["CWE-79"]},
    }
    with open(f"{directory}/feed/{record['id']}.json", "w") as out:
        json.dump(record, out, indent=2)
