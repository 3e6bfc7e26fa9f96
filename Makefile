# make run: plan Gansu; make test: lint, types, tests; both make the environment first.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.made-run
DEV := .venv/.made-dev
BENCH := .venv/.made-bench
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: setup run test bench bench-smoke requirements clean

setup: $(STAMP)

$(STAMP): requirements/run.txt pyproject.toml
	@echo "making .venv ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(PIP) install --require-hashes -r requirements/build.txt
	@$(PIP) install --require-hashes --no-build-isolation -r requirements/run.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@$(BIN)/python -m network_models roads water gas pieces floods linear
	@touch $@

$(DEV): $(STAMP) requirements/dev.txt
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@

$(BENCH): $(STAMP) requirements/bench.txt
	@$(PIP) install --require-hashes -r requirements/bench.txt
	@touch $@

run: $(STAMP)
	@$(BIN)/chengxiang plan

test: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q

bench-smoke: $(DEV)
	$(BIN)/python -m benchmarks.smoke

bench: $(BENCH)
	@for suite in kernels evaluate routing dikes gas-operation gas-expansion gas-simulation water-simulation water-design siting sequence province scaling prices; do \
		echo "== $$suite"; $(BIN)/chengxiang bench $$suite --json benchmarks/results/$$suite.json; done

# needs uv; writes exact versions with hashes and no registry address
requirements:
	uv pip compile -q requirements/build.in $(UVFLAGS) -o requirements/build.txt
	uv pip compile -q pyproject.toml $(UVFLAGS) -o requirements/run.txt
	uv pip compile -q requirements/cluster.in -c requirements/run.txt $(UVFLAGS) -o requirements/cluster.txt
	uv pip compile -q requirements/dev.in -c requirements/run.txt -c requirements/cluster.txt $(UVFLAGS) -o requirements/dev.txt
	uv pip compile -q requirements/bench.in -c requirements/run.txt $(UVFLAGS) -o requirements/bench.txt

UVFLAGS := --python-version 3.11 --universal --generate-hashes --no-emit-index-url --no-annotate \
	--custom-compile-command "make requirements"

clean:
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache
