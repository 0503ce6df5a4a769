# `make run` and `make test` are the only set-up on a fresh machine: each makes .venv, installs, and does its job.
PYTHON ?= python3.11
BIN := .venv/bin
# dvc runs `selvedge` by name, so the environment's commands come first on PATH; nothing calls home.
export PATH := $(CURDIR)/$(BIN):$(PATH)
export DO_NOT_TRACK := 1
export PREFECT_SERVER_ANALYTICS_ENABLED := false
export MLFLOW_DISABLE_TELEMETRY := true
export PIP_DISABLE_PIP_VERSION_CHECK := 1

SEED := $(shell date +%s)

.PHONY: run untracked tracked repro test test-long install drawing lint clean

run: install untracked  ## the whole road on the embedded default
	selvedge run

untracked:             ## git does not look at what this machine's runs write into dvc.lock
	@git update-index --skip-worktree dvc.lock 2>/dev/null || true

tracked:               ## git looks at it again: to commit dvc.lock in a repository of yours
	git update-index --no-skip-worktree dvc.lock

repro: install         ## the same work without Prefect
	dvc repro

test: install          ## the tests
	pytest -m "not long"

test-long: install     ## all of them, in another order each time: no test may lean on the one before it
	pytest --random-order --random-order-seed=$(SEED)

install: .venv/.installed

.venv/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "selvedge needs Python 3.11 or newer: make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

drawing: .venv-draw/.installed   ## Blender beside the project, for `selvedge draw garments`; nothing else needs it

.venv-draw/.installed: requirements-drawing.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { echo "Blender 5.0 needs Python 3.11: make drawing PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv .venv-draw
	.venv-draw/bin/python -m pip install --quiet --requirement requirements-drawing.txt
	touch $@

lint: install
	ruff check .
	ruff format --check .
	mypy

clean:                 ## what a run made; never data or models
	rm -rf runs .pytest_cache .ruff_cache .mypy_cache
