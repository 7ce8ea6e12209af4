# KeepAI from a fresh clone: `make run`. Everything lives in this folder; nothing needs root or Docker.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help run demo dev test check fuzz pictures bench fmt lock clean

VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
WORKERS ?= 2
export PATH := $(BIN):$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK = 1

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/.installed ## install what is missing, then start KeepAI
	@exec $(BIN)/python -m keepai run

demo: $(VENV)/.installed ## the same in a data folder of its own, with a workload that keeps the compute busy
	@KEEPAI_DATA_DIR=$(CURDIR)/.keepai-demo exec $(BIN)/python -m keepai run --demo

dev: $(VENV)/.installed-dev ## start with hot reload
	@exec $(BIN)/python -m keepai run --dev

test: $(VENV)/.installed-dev ## everything that must pass
	@bash deploy/chromium.sh
	$(MAKE) --no-print-directory lint
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

check: $(VENV)/.installed-dev lint ## lint, types and the fast tests, in under a minute
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile -m "not browser and not dask and not slow"

lint: $(VENV)/.installed-dev ## lint, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fuzz: $(VENV)/.installed-dev ## hold the API to its description with very many requests
	FUZZ_EXAMPLES=300 $(BIN)/python -m pytest tests/keepai/api/test_description.py tests/keepai/test_nonsense.py

pictures: $(VENV)/.installed-dev ## every page in every state, language, theme and size into pictures/, and those of README
	@bash deploy/chromium.sh
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile tests/browser/test_every_page.py tests/browser/pictures.py --pictures

bench: $(VENV)/.installed-dev ## the benchmarks, beside a baseline measured in the same run
	@bash deploy/chromium.sh
	$(BIN)/python -m benchmarks

fmt: $(VENV)/.installed-dev ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: $(VENV)/.installed-dev ## renew the locks from requirements*.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-header --no-emit-index-url \
		requirements.txt -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-header --no-emit-index-url \
		requirements-dev.txt -o requirements-dev.lock

clean: ## remove what was installed and built; the data folder stays
	rm -rf $(VENV) .web .build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis reflex.lock/bun.lock
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamp is as new as the lock it was installed from, so an unchanged lock costs nothing.
$(VENV)/.installed: requirements.lock | $(BIN)/python
	@$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.lock
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock | $(BIN)/python
	@$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements-dev.lock
	@touch $@ $(VENV)/.installed

$(BIN)/python:
	@bash deploy/environment.sh $(VENV)
