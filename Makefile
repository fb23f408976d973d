# Two commands: `make demo` and `make test`. Needs Python 3.11 or newer, pip and make; brings everything else.
# Everything lands in .venv and node_modules; nothing is written to the system but Chromium for the browser tests.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# --python lets the machine's own pip fill the environment, so that Debian's missing ensurepip does not matter.
PIP := $(PYTHON) -m pip --python $(BIN)/python --disable-pip-version-check -q
STATIC := src/tawsim/server/static/index.html

LONGEST := --durations=15 --durations-min=10
SIDE_BY_SIDE := -n auto --dist worksteal -q  # as many as the machine has room for (tests/conftest.py), at least two

.PHONY: demo test test-long build setup dev fast ui check format bench lock openapi clean help

help:  ## what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 10

demo: setup build  ## a finished small world in the browser; Ctrl-C removes it
	$(BIN)/tawsim demo

test: dev build chromium  ## set everything up and pass every test but the long property runs
	$(MAKE) --no-print-directory check
	$(BIN)/python -m pytest tests/unit tests/store tests/api tests/conformance $(SIDE_BY_SIDE) $(LONGEST) -m "not slow or kill"
	TAWSIM_KERNEL=numpy $(BIN)/python -m pytest tests/conformance/test_truth_models.py tests/unit/test_truth_em.py $(SIDE_BY_SIDE)
	$(BIN)/python -m pytest tests/kill -q
	$(BIN)/python -m pytest tests/ui $(SIDE_BY_SIDE) $(LONGEST)

test-long: dev  ## the property runs of `make test` once more, five to ten times as many examples
	$(BIN)/python -m pytest tests/store $(SIDE_BY_SIDE) -m "slow and not kill"

fast: dev  ## the fast tests: all but browser, kill and long property runs
	$(BIN)/python -m pytest tests/unit tests/store tests/api tests/conformance $(SIDE_BY_SIDE) -m "not slow and not kill"

check: dev  ## style, types, import law, the pages' own rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	MYPYPATH=src $(BIN)/mypy -p tawsim
	$(BIN)/lint-imports --no-cache
	$(BIN)/python hatch_build.py check

format: dev  ## put the code into its form
	$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

setup: $(VENV)/.base
dev: $(VENV)/.dev

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("Tawsim needs Python 3.11 or newer; this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else 0'
	@$(PYTHON) -m pip --version >/dev/null || { echo "pip is missing: apt-get install python3-pip"; exit 3; }
	$(PYTHON) -m venv --without-pip $(VENV)

$(VENV)/.base: $(BIN)/python requirements/base.lock requirements/build.lock pyproject.toml hatch_build.py
	$(PIP) install --require-hashes -r requirements/base.lock -r requirements/build.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/.dev: $(VENV)/.base requirements/dev.lock
	$(PIP) install --require-hashes -r requirements/dev.lock
	touch $@

build: setup  ## the web pages, where their sources changed
	$(BIN)/python hatch_build.py

chromium:
	@sh tests/ui/find_chromium.sh

bench: dev build  ## the measurements of docs/log; minutes, and more with a peer installed
	$(BIN)/python benchmarks/run.py

lock:  ## new versions into requirements/*.lock, with hashes and without host names
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q pyproject.toml -o requirements/base.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q requirements/build.in -o requirements/build.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q pyproject.toml requirements/build.in --group dev -c requirements/base.lock -o requirements/dev.lock

openapi: dev  ## the API's description, after a change of routes
	$(BIN)/tawsim openapi | $(BIN)/python -m json.tool --indent 1 --no-ensure-ascii > docs/reference/openapi.json
	$(BIN)/tawsim openapi --permissions > docs/reference/permissions.md

clean:  ## everything that was made
	rm -rf $(VENV) web/node_modules src/tawsim/server/static .mypy_cache .ruff_cache .pytest_cache .hypothesis dist
