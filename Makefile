# `make compare` and `make test` are all a fresh machine needs: Python 3.11 or newer, and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# For build environments as well as for what is installed.
export PIP_CONSTRAINT := $(CURDIR)/constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# Tests run side by side, one on each processor: a second thread in each would only wait for the others.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --dist worksteal

.PHONY: compare test test-long lint format bench bench-peers bench-ecosystem truth clean

compare: $(VENV)/.installed
	@$(BIN)/linbench compare --optimizers sgd,adam,rmsprop

test: $(VENV)/.installed-dev
	$(PYTEST) $(ARGS)

test-long: $(VENV)/.installed-dev
	$(PYTEST) --long $(ARGS)

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.installed-dev
	$(BIN)/python -m pytest benchmarks --benchmark-columns=median,iqr,rounds $(ARGS)

bench-peers: $(VENV)/.installed-dev $(VENV)-peers/.installed
	$(BIN)/python -m benchmarks.peers.table $(VENV)-peers/bin/python

bench-ecosystem: $(VENV)-ecosystem/.installed
	$(VENV)-ecosystem/bin/python -m benchmarks.ecosystem.survey $(ARGS)

truth: $(VENV)/.installed-dev
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.truth --rows 10000 $(ARGS)

clean:
	rm -rf $(VENV) $(VENV)-peers $(VENV)-ecosystem

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/pip install --quiet --editable .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/pip install --quiet --editable '.[dev]'
	@touch $(VENV)/.installed $@

$(VENV)-peers/.installed: benchmarks/peers/requirements.txt
	$(PYTHON) -m venv $(VENV)-peers
	PIP_CONSTRAINT= $(VENV)-peers/bin/pip install --quiet --requirement $<
	@touch $@

$(VENV)-ecosystem/.installed: benchmarks/ecosystem/requirements.txt pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)-ecosystem
	$(VENV)-ecosystem/bin/pip install --quiet torch
	$(VENV)-ecosystem/bin/pip install --quiet --requirement $< --editable .
	@touch $@
