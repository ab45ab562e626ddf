# Everything a newcomer or CI types. `make setup` needs python3 (3.11 or later, with venv) and a package index; nothing else.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
export NTD_TEST_POSTGRES NTD_TEST_DATABASE
# Tests and demo start some two hundred processes of ours; to compile the same files in each takes a fifth of the time.
unexport PYTHONDONTWRITEBYTECODE
.PHONY: help setup test style types imports test-database demo run lock clean

PYTHON ?= python3
BIN := .venv/bin
# The stamp carries the sum of the lock, so a changed lock installs again and an unchanged one does nothing.
STAMP := .venv/installed-$(shell cat requirements.lock 2>/dev/null | cksum | cut -d' ' -f1)

help:
	@echo "make setup   install everything into .venv"
	@echo "make demo    run the daemon against the lab (SERVE=1 keeps it up)"
	@echo "make test    run what CI runs"
	@echo "make test-database   run the tests of the database on another PostgreSQL (see the Makefile)"
	@echo "make run     run the daemon for real (a fresh configuration tells nobody anything)"

setup: $(STAMP)

$(STAMP):
	@$(PYTHON) -c 'import sys; sys.exit("ntd needs Python 3.11 or later; name one with: make setup PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	@echo "== setup: installing into .venv"
	$(PYTHON) -m venv .venv
	@rm -f .venv/installed-*
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index --editable .
	@touch $@

test: setup
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target types style imports
	@echo "== pytest"; $(BIN)/pytest

style: setup
	@echo "== ruff check";  $(BIN)/ruff check .
	@echo "== ruff format"; $(BIN)/ruff format --check .

types: setup
	@echo "== mypy"; $(BIN)/mypy

imports: setup
	@echo "== imports"; $(BIN)/lint-imports --no-logo

# What touches the database again, on another PostgreSQL: its programs in a folder, or a running server by URL, e.g.
#   make test-database NTD_TEST_POSTGRES=/usr/lib/postgresql/15/bin
#   make test-database NTD_TEST_DATABASE=postgresql://user@host/postgres      (the user must be allowed to create databases)
test-database: setup
	@test -n "$(NTD_TEST_POSTGRES)$(NTD_TEST_DATABASE)" || { echo "set NTD_TEST_POSTGRES or NTD_TEST_DATABASE, see the Makefile"; exit 2; }
	$(BIN)/pytest tests/store tests/walk tests/properties

demo: setup
	@$(BIN)/ntd demo $(if $(SERVE),--serve)

run: setup
	@test -f var/ntd.key || $(BIN)/ntd init
	@exec $(BIN)/ntd run

# Only for whoever changes a dependency: writes the exact versions and hashes for every platform.
lock:
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip install --quiet uv
	.venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	  --custom-compile-command "make lock" --extra test --output-file requirements.lock pyproject.toml requirements.in
	rm -rf .venv-lock

# Leaves var/, where a real installation keeps its database and key.
clean:
	rm -rf .venv .venv-lock demo-output .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage
