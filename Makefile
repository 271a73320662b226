# Everything here sets up what it needs in .venv; nothing is written outside this folder.
# Choose another Python with `make test PYTHON=/path/to/python3.13`.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?=
PYTEST_ARGS ?= -n 2 --dist loadfile
# What is left out unless it is asked for, as in pyproject.toml.
USUAL := not slow and not gpu and not live
BENCH_ARGS ?= --quick

export PIP_CACHE_DIR ?= $(CURDIR)/.cache/pip
export XDG_CACHE_HOME ?= $(CURDIR)/.cache
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_REQUIRE_VIRTUALENV := 1
# One thread per process: the tests run side by side.
export OPENBLAS_NUM_THREADS ?= 1
export OMP_NUM_THREADS ?= 1
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV PIP_USER PIP_TARGET PIP_PREFIX

.PHONY: help demo test whole check training lint types imports docs slow bench services clean

help: ## list the targets
	@echo "make TARGET, where TARGET is one of:"
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  \1\t\2/p' Makefile | expand -t 14

demo: $(VENV)/.core ## learn a made-up user's taste in front of your eyes, offline
	@$(BIN)/tailorlm demo

test: $(VENV)/.dev services ## run the quick tests, of every part: one to two minutes
	@$(BIN)/python -m pytest $(PYTEST_ARGS) -m "not whole and $(USUAL)"

whole: $(VENV)/.dev services ## run the tests of whole programs: service, pages, suites, docs
	@$(BIN)/python -m pytest $(PYTEST_ARGS) -m "whole and $(USUAL)"

check: lint types imports test whole training ## everything: ruff, mypy --strict, imports, tests

training: $(VENV)/.training ## install torch, and run the tests of local models and of training
	@$(BIN)/python -m pytest $(PYTEST_ARGS) -m "torch and $(USUAL)"

lint: $(VENV)/.dev ## ruff, as a linter and as a formatter
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(VENV)/.dev ## mypy --strict
	@$(BIN)/mypy --strict

imports: $(VENV)/.dev ## the layers: lower never imports higher
	@$(BIN)/lint-imports --no-logo

docs: $(VENV)/.dev ## run every example of the docs and follow every link (part of `make whole`)
	@$(BIN)/python -m pytest tests/project/test_docs.py

slow: $(VENV)/.dev services ## the tests that take minutes
	@$(BIN)/python -m pytest -m slow

bench: $(VENV)/.dev ## every benchmark, as tables and as JSON in build/bench
	@mkdir -p build/bench
	@failed=0; for file in bench/[!_]*.py; do \
	    name=$$(basename "$$file" .py); echo "== $$name"; \
	    $(BIN)/python "$$file" $(BENCH_ARGS) --json "build/bench/$$name.json" || failed=1; \
	done; exit $$failed

services: ## PostgreSQL and Chromium for the tests: installed in CI, only mentioned elsewhere
	@scripts/install_services.sh

clean: ## remove .venv, caches and build results
	@rm -rf $(VENV) .cache .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@rm -rf build dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.made: scripts/make_venv.sh
	@scripts/make_venv.sh $(VENV) $(PYTHON)
	@touch $@

$(VENV)/.core: pyproject.toml $(VENV)/.made
	@echo "Installing tailorlm in $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --editable .
	@touch $@

# Dependency groups need pip 25.1.
$(VENV)/.dev: pyproject.toml $(VENV)/.made
	@echo "Installing tailorlm and what its tests need in $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip install --quiet --editable '.[postgres]' --group dev
	@touch $@ $(VENV)/.core

$(VENV)/.training: $(VENV)/.dev
	@echo "Installing torch and what training needs in $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --group training
	@touch $@
