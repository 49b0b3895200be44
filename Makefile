# Tipring. `make` alone prints help; `make run` and `make test` do all their own set-up.

PYTHON := /usr/bin/python3
VENV := .venv
PIP := $(VENV)/bin/pip --disable-pip-version-check --quiet
NATIVE := $(wildcard drivers/native/*.[ch] drivers/sim/native/*.[ch] firmware/media/native/*.[ch])
BUILDERS := drivers/native/build.py drivers/sim/native/build.py firmware/media/native/build.py
ARGS ?=
FUZZ_S ?= 60

.PHONY: help setup run test test-fresh lint bench soak clean packages

help:
	@echo "make run         start Tipring on the simulated board: two telephones, four SIP users, one page"
	@echo "make test        everything CI checks: lint, types, native and Python tests, real SIP peers"
	@echo "make lint        ruff and mypy only"
	@echo "make bench       CPU, memory and latency beside a bare C relay"
	@echo "make soak        the tests with their large counts, and $(FUZZ_S) s of fuzzing by coverage (FUZZ_S=...)"
	@echo "make test-fresh  make test in a new Debian 12 folder (root; debootstrap)"
	@echo "make setup       only what run needs: packages, virtual environment, native build"
	@echo "make clean       remove what was built; settings and data in .data stay"
	@echo
	@echo "ARGS=... is handed on: make run ARGS='--data /tmp/site', make test ARGS='-k hook'"

# -- set-up: each step leaves a stamp, so that a second run starts at once ------------------

packages:
	@sh image/install-packages.sh image/packages-run.txt

$(VENV)/.run-stamp: pyproject.toml setup.py image/packages-run.txt
	@sh image/install-packages.sh image/packages-run.txt
	@echo "Setting up the virtual environment in $(VENV)"
	@test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) install 'setuptools>=65' wheel 'cffi>=1.15.1'
	@echo "Building the native parts and installing the Python packages (a minute or two the first time)"
	@$(PIP) install --no-build-isolation -e .
	@touch $@

$(VENV)/.native-stamp: $(VENV)/.run-stamp $(NATIVE) $(BUILDERS)
	@echo "Building the native parts"
	@for builder in $(BUILDERS); do $(VENV)/bin/python $$builder || exit 1; done
	@touch $@

$(VENV)/.test-stamp: $(VENV)/.native-stamp tests/packages-test.txt
	@sh image/install-packages.sh tests/packages-test.txt
	@echo "Installing the test tools"
	@$(PIP) install --no-build-isolation -e '.[dev]'
	@touch $@

$(VENV)/.soak-stamp: $(VENV)/.test-stamp
	@$(PIP) install --no-build-isolation -e '.[soak]'
	@touch $@

setup: $(VENV)/.native-stamp

# -- what people want ----------------------------------------------------------------------

run: setup
	@$(VENV)/bin/tipring run --board sim-fxo --data .data $(ARGS)

lint: $(VENV)/.test-stamp
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy

test: $(VENV)/.test-stamp lint
	@sh tests/in_parts.sh $(VENV)/bin/python $(ARGS)

bench: $(VENV)/.test-stamp
	@$(VENV)/bin/python -m tests.bench $(ARGS)

soak: $(VENV)/.soak-stamp
	@$(VENV)/bin/python -m tests.sip.fuzz_atheris --seconds $(FUZZ_S)
	@TIPRING_SOAK=1 $(VENV)/bin/python -m pytest --timeout 3600 $(ARGS)

test-fresh:
	@sh tests/fresh.sh

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find drivers firmware -name '*.so' -delete
	rm -f drivers/_native.c drivers/sim/_sim.c firmware/media/_engine.c
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
