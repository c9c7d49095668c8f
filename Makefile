# `make demo` and `make test` are all a new machine needs. `make test` installs real scanners into a cache of their own
# (tests/real/install says where) and, as root on Debian, one package; nothing else outside this folder and cargo's own.

CARGO ?= cargo
# Everything is built and tested with one set of features; what a user builds has none.
FEATURES ?= registry
STELLA ?= target/debug/stella

.PHONY: help demo test test-long lint unit real self regress canaries bless bench fuzz
.PHONY: help demo test test-long lint unit self regress canaries bless bench real-parts scanners

help:
	@echo "make demo                  record a real scan, replay it, let its feed drift, see why"
	@echo "make test                  everything that continuous integration checks, but for fuzzing"
	@echo "make test-long             what takes longer: benchmarks as tests, more property cases, the sandbox on aarch64, dependency bans"
	@echo "make regress CASE=SCN-0001 one regression case; expected and actual side by side in regress-out/"
	@echo "make real-parts            install the real scanners that tests use into a cache outside this folder"
	@echo "make scanners              replay real scanners and write the table of docs/scanners.md"
	@echo "make bench                 the figures of docs/benchmarks.md"
	@echo "make fuzz                  each fuzz target for 20 seconds (FUZZ_SECONDS=600 for longer, TARGETS=\"documents names\" for some)"
	@echo "make bless                 regenerate schemas and the command reference"
	@echo "make canaries              record the canaries again (refuses to change a result without ACCEPT=1)"

demo:
	@$(CARGO) build --quiet
	@$(STELLA) demo

test: real-parts lint self unit

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

test-long:
	PROPTEST_CASES=5000 $(CARGO) test --features $(FEATURES)
	$(CARGO) bench --bench canonicalize -- --test
	$(CARGO) bench --bench documents -- --test
	@tests/aarch64/run
	@if command -v cargo-deny >/dev/null; then cargo deny check bans licenses sources; \
	else echo "skipped: cargo deny (not installed: cargo install cargo-deny --locked)"; fi

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
	@fuzz/run $(TARGETS)
