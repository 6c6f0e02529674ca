# One-word targets; each does all its own set-up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# All cores compile at once, where pip takes one: every later process starts seconds earlier.
COMPILE = -$(BIN)/python -m compileall -q -j 0 -x /tests/ $(VENV)/lib >/dev/null
SOURCES := $(shell find analysis data flows retrieval tasks -name '*.py' -o -name '*.txt' -o -name '*.sql' -o -name '*.j2')

.PHONY: sweep test lint typecheck soak bench format clean

sweep: $(VENV)/.cpu
	$(BIN)/babelmix sweep --preset quickstart

test: $(VENV)/.dev
	$(BIN)/python -m pytest

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

typecheck: $(VENV)/.dev
	$(BIN)/mypy

soak: $(VENV)/.dev
	$(BIN)/python -m pytest -m soak

bench: $(VENV)/.bench
	$(BIN)/python -m benchmarks

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) build *.egg-info

# `babelmix` is installed, not linked: what runs is what a user gets, so changed sources install again.
$(VENV)/.cpu: pyproject.toml requirements.lock $(SOURCES) | $(BIN)/python
	$(BIN)/python -m pip install --quiet --no-compile -c requirements.lock '.[cpu]'
	$(COMPILE)
	touch $@

$(VENV)/.dev: pyproject.toml requirements.lock $(SOURCES) | $(BIN)/python
	$(BIN)/python -m pip install --quiet --no-compile -c requirements.lock '.[cpu,dev]'
	$(COMPILE)
	touch $@ $(VENV)/.cpu

$(VENV)/.bench: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --no-compile -c requirements.lock '.[cpu,dev,bench]'
	$(COMPILE)
	touch $@

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
