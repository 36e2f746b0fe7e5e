# The commands of docs and README; `make help` lists them.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
RUNTIME := $(VENV)/.runtime
DEV := $(VENV)/.dev

.DEFAULT_GOAL := help
.PHONY: help run test check format bench chaos lock screenshots clean

help: ## list the commands
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14

run: $(RUNTIME) ## start the demo: bot, simulated Zalo, seeded people; prints the addresses
	$(PY) app.py demo

test: $(DEV) ## the whole test suite
	$(PY) -m pytest -n auto

check: $(DEV) ## lint, types, conventions
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy .
	$(PY) -m pytest tests/test_conventions.py

format: $(DEV) ## format the code
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

bench: $(DEV) ## the benchmarks, a table of ratios at the end
	$(PY) -m bench

chaos: $(DEV) ## kill -9, failing Zalo, database and disk: 20,000 events an engine
	$(PY) -m bench.chaos

lock: $(DEV) ## write the exact locks anew from requirements*.in
	for name in requirements requirements-dev; do \
	  $(PY) -m uv pip compile --universal --python-version 3.11 --generate-hashes --quiet \
	    --custom-compile-command "make lock" --output-file $$name.txt $$name.in; done

screenshots: $(DEV) ## remake the pictures of the README from the running program
	$(PY) -m docs.screenshots

clean: ## remove the environment and the demo's data
	rm -rf $(VENV) data

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(RUNTIME): requirements.txt | $(VENV)/bin/python
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

$(DEV): requirements-dev.txt | $(VENV)/bin/python
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@ $(RUNTIME)
