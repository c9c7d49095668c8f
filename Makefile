# `make demo` and `make test` are all a new machine needs. `make test` installs real scanners into a cache of their own
# (tests/real/install says where) and, as root on Debian, five packages, which it names before it installs them
# (STELLA_TEST_SYSTEM=0 refuses them); nothing else outside this folder and cargo's own.

CARGO ?= cargo
# Everything is built and tested with one set of features; what a user builds has none.
FEATURES ?= registry
STELLA ?= target/debug/stella

# The parts of `make test`, in order: `.ci/run` runs the same and prints how long each took.
PARTS = real-parts lint self unit
# The parts of `make test-long`: the nightly workflow has a job for each but the last four, which want a Debian and its
# superuser, a browser, or half a gigabyte of npm packages.
NIGHTLY = properties bench-test default-build msrv musl deny sigstore-faults fuzz
LONG = $(NIGHTLY) aarch64 fuzz-hostile browser description

.PHONY: help demo test test-long parts $(PARTS) $(LONG) real regress canaries bless bench scanners

help:
	@echo "make demo                  record a real scan, replay it, let its feed drift, see why"
	@echo "make test                  everything that continuous integration checks before a change lands"
	@echo "make test-long             what it checks every night, and the sandbox on aarch64: $(LONG)"
	@echo "make regress CASE=SCN-0001 one regression case; expected and actual side by side in regress-out/"
	@echo "make real-parts            install the real scanners that tests use into a cache outside this folder"
	@echo "make scanners              replay real scanners and write the table of docs/scanners.md"
	@echo "make bench                 the figures of docs/benchmarks.md"
	@echo "make fuzz                  each fuzz target for 20 seconds (FUZZ_SECONDS=600 for longer, TARGETS=\"documents names\" for some)"
	@echo "make fuzz-hostile          hostile programs against the sandbox for ten minutes (FUZZ_SECONDS)"
	@echo "make bless                 regenerate schemas and the command reference"
	@echo "make canaries              record the canaries again (refuses to change a result without ACCEPT=1)"

parts:
	@echo $(PARTS)

demo:
	@$(CARGO) build --quiet
	@$(STELLA) demo

test: $(PARTS)

# What cannot be installed is named with the reason; its tests say that they were skipped.
real-parts:
	@tests/real/install

scanners: real-parts
	$(CARGO) bench --profile dev --bench scanners

lint:
	$(CARGO) fmt --check
	$(CARGO) clippy --all-targets --features $(FEATURES) --quiet -- -D warnings

# stella on its own repository: did this change break a regression case, do the recordings still replay?
self:
	$(CARGO) build --features $(FEATURES) --quiet
	$(STELLA) ci --junit target/stella/junit.xml --result target/stella/result.json --summary target/stella/summary.md
	$(STELLA) ci --pinned

unit: real
	$(CARGO) test --features $(FEATURES)

# What the tests run against and this machine lacks, where it may be installed.
real:
	@tests/real/registry

test-long: $(LONG)

# Every property with many more cases than in `make test`.
properties: real
	PROPTEST_CASES=5000 $(CARGO) test --features $(FEATURES)

# The benchmarks still run; nothing is measured.
bench-test:
	$(CARGO) bench --bench canonicalize -- --test
	$(CARGO) bench --bench documents -- --test

# What a user builds who names no feature.
default-build:
	$(CARGO) clippy --all-targets --quiet -- -D warnings
	$(CARGO) test

# The oldest compiler that Cargo.toml promises.
msrv:
	@version=$$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml); \
	if ! command -v rustup >/dev/null; then echo "skipped: Rust $$version (rustup is not installed)"; [ "$${STELLA_TEST_REAL:-0}" != 1 ]; exit; fi; \
	rustup toolchain install --profile minimal --no-self-update "$$version" && \
	RUSTUP_TOOLCHAIN="$$version" $(CARGO) check --all-targets --features $(FEATURES) --locked --target-dir target/msrv

# What a release is for Linux: programs that are linked with musl, whose types are not those of glibc.
musl:
	@target=$$(uname -m)-unknown-linux-musl; \
	if ! command -v rustup >/dev/null; then echo "skipped: $$target (rustup is not installed)"; [ "$${STELLA_TEST_REAL:-0}" != 1 ]; exit; fi; \
	rustup target add "$$target" && \
	$(CARGO) clippy --features $(FEATURES) --target "$$target" --target-dir target/musl --quiet -- -D warnings

deny:
	@tests/real/install cargo-deny
	@tests/real/deny

# Nearly a third of all requests to the real log goes wrong, and what sends them is killed three times.
sigstore-faults: real-parts
	$(CARGO) test --features $(FEATURES) --test it -- --ignored real::sigstore

aarch64:
	@tests/aarch64/run

regress:
	@test -n "$(CASE)" || { echo "usage: make regress CASE=SCN-0001" >&2; exit 2; }
	@$(CARGO) build --quiet
	$(STELLA) ci --only "$(CASE)" --out-dir regress-out

canaries:
	@$(CARGO) build --quiet
	STELLA=$(STELLA) ACCEPT=$(ACCEPT) ./fixtures/record-canaries

bless:
	STELLA_BLESS=1 $(CARGO) test --features $(FEATURES) --quiet
	@git status --short docs

bench:
	$(CARGO) bench --bench canonicalize
	$(CARGO) bench --bench documents
	$(CARGO) bench --bench relabel
	$(CARGO) bench --bench ci
	RUSTFLAGS="-C target-feature=+crt-static -C relocation-model=static" $(CARGO) bench --bench sandbox \
		--target $$(rustc -vV | sed -n 's/^host: //p')

# Every parser of foreign bytes under a fuzzer; fuzz/run says how it is built and what it needs.
fuzz:
	@tests/real/install cargo-fuzz
	@fuzz/run $(TARGETS)

# A hostile program against the sandbox, ten minutes unless FUZZ_SECONDS says otherwise.
fuzz-hostile:
	@fuzz/hostile

# The page of a report in Chromium: no script runs and nothing is asked for, and a planted script and picture are seen.
browser:
	$(CARGO) build --features $(FEATURES) --quiet
	@tests/real/browser $(STELLA)

# The calls of `stella publish` and `stella notify` by GitHub's own description of its API.
description:
	@CARGO="$(CARGO)" tests/real/description
