# Two commands: `make demo` and `make test`. Both install what they need into the project's own folders.

CARGO ?= cargo
# cargo-nextest is used where it is installed, else it is built once into .tools.
NEXTEST := $(shell command -v cargo-nextest 2>/dev/null || echo .tools/bin/cargo-nextest)

.PHONY: demo test lint rust-tests doc bench bench-quick help

help:
	@echo "make demo    fetch the data, build, and run the pipeline fetch -> clean -> infer -> store"
	@echo "make test    lint, build and run every test"
	@echo "make bench   compare with other actor frameworks, side by side (about ten minutes)"

demo:
	demo/fetch-data
	$(CARGO) run --quiet --release -p roscius-demo -- $(DEMO_ARGS)

test: lint rust-tests doc

lint:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --all-features -- -D warnings

rust-tests: $(NEXTEST)
	$(NEXTEST) nextest run --workspace --all-features
	$(CARGO) test --quiet --workspace --all-features --doc

doc:
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --quiet --workspace --no-deps --all-features

bench:
	cd bench && $(CARGO) run --quiet --release --features roscius -- $(BENCH_ARGS)

bench-quick:
	$(MAKE) bench BENCH_ARGS=--quick

.tools/bin/cargo-nextest:
	$(CARGO) install --quiet --locked --root .tools cargo-nextest
