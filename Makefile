# newsdesk: `make demo` shows it, `make test` proves it, `make check` runs everything that CI runs but the demo.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.PHONY: help setup demo test chaos bench bench-full compiled lint types layers schemas schemas-check check lock clean

help: ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

setup: $(STAMP) ## the virtual environment in .venv, with everything that demo and tests need

$(STAMP): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info < (3, 14) else f"newsdesk needs Python 3.11 to 3.13, $(PYTHON) is {sys.version.split()[0]}: make PYTHON=python3.12 ...")'
	@echo "setting up $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

demo: $(STAMP) ## the main job on the embedded broker, with a live view, in under a minute
	@$(BIN)/newsdesk demo

test: $(STAMP) ## all tests; those that need Java and Maven say so where these are missing
	@$(BIN)/python -m pytest -n auto

FAULTS ?= 100
SEED   ?=

chaos: $(STAMP) ## exactly once under faults: kill, freeze, cut off and starve a desk on real Kafka   [FAULTS=100] [SEED=...]
	@cd tests && ../$(BIN)/python -m chaos --faults $(FAULTS) $(if $(SEED),--seed $(SEED))

bench: $(STAMP) ## speed beside a floor and peers, in five to ten minutes; needs a quiet machine, Java and Maven
	@cd tests && ../$(BIN)/python -m bench --compiled

bench-full: $(STAMP) ## the same, with workers, partitions, a hot domain and states up to 5 million articles
	@cd tests && ../$(BIN)/python -m bench --compiled --full

compiled: $(STAMP) ## the package with its judgement compiled by mypyc, in .cache/compiled (needs a C compiler)
	@$(BIN)/python deploy/compiled.py .cache/compiled

lint: $(STAMP) ## ruff, both checks and format
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(STAMP) ## mypy, strict
	@$(BIN)/mypy

layers: $(STAMP) ## imports go one way
	@$(BIN)/lint-imports

schemas: $(STAMP) ## write schemas/ anew from the contracts
	@$(BIN)/python -m newsdesk.cli.schemas --write schemas

schemas-check: $(STAMP) ## fail when schemas/ is stale
	@$(BIN)/python -m newsdesk.cli.schemas --check schemas

check: test lint types layers schemas-check ## tests, lint, types, layers, schemas

lock: $(STAMP) ## choose the newest allowed versions of all dependencies anew
	@$(BIN)/uv pip compile --quiet --upgrade --universal --no-header --no-annotate --all-extras --group dev \
		--python-version 3.11 --output-file requirements.lock pyproject.toml

clean: ## remove what was made here
	rm -rf $(VENV) .cache .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis build dist
