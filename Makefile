# make demo    set up .venv, render the embedded corpus, train on it
# make test    set up .venv, run the tests
# make coverage  the same, and fail where they leave too much of avts_mm out
# make nightly   the slow tests, whether the tests notice injected bugs, make
#              docs and make newest
# make newest  the tests with the newest of all that the bounds in
#              avts_mm/version.py allow, in .venv-newest
# make lint    check style, types and which room imports which
# make docs    the site of the docs, in build/docs; make docs-serve shows it
# make venv    set up .venv only
# make clean   remove caches and build outputs; .venv, data, work_dirs stay
#
# PYTHON=python3.12       interpreter for .venv (3.11 to 3.13)
# TORCH=torch==2.14.1     another torch; TORCH= leaves the choice to pip
# SEED=1                  seed of the demo, which then has its own work_dir
# JOBS=1                  tests at a time; 2 unless told
# PORT=8000               of make docs-serve
# PYTEST_ARGS='-k name'   more arguments for pytest

SHELL := /bin/bash
.DEFAULT_GOAL := help

TORCH ?= torch==2.13.0
SEED ?=
WORK_DIR ?= work_dirs/avts_demo$(if $(SEED),_seed$(SEED))
PYTEST_ARGS ?=
JOBS ?= 2
PORT ?= 8000
PARALLEL = $(if $(filter-out 1,$(JOBS)),-n $(JOBS) --dist worksteal)
COVERAGE :=

VENV := .venv
PY := $(VENV)/bin/python
READY := $(VENV)/.ready
READY_TEST := $(VENV)/.ready-test
READY_DOCS := $(VENV)/.ready-docs
PIP := $(PY) -m pip --disable-pip-version-check
SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))
FIRST = $(shell for p in $(1); do $$p -c '$(SUPPORTED)' >/dev/null 2>&1 \
	&& echo $$p && break; done)
PYTHON ?= $(call FIRST,python3 python3.12 python3.11 python3.13)

.PHONY: help demo test coverage nightly newest lint docs docs-serve venv clean

help:
	@awk '!/^#/ { exit } { sub(/^# ?/, ""); print }' Makefile

demo: $(READY)
	$(PY) tools/data/make_synthetic_corpus.py data/avts_demo
	$(PY) tools/train.py configs/avts_demo.py --work-dir $(WORK_DIR) \
		$(if $(SEED),--seed $(SEED))

test: $(READY_TEST)
	$(PY) -m pytest $(PARALLEL) $(COVERAGE) $(PYTEST_ARGS)

coverage: COVERAGE := --cov
coverage: test

nightly: $(READY_TEST) $(READY_DOCS)
	$(PY) -m pytest -m nightly $(PARALLEL) $(PYTEST_ARGS)
	$(PY) -m pytest tests/demo  # the docs have brought gradio
	$(PY) tests/mutation/check.py
	$(MAKE) docs
	$(MAKE) newest

# Nothing is named, so pip takes the newest; the Python is the newest at hand.
newest:
	rm -rf .venv-newest
	$(MAKE) test VENV=.venv-newest TORCH= \
		PYTHON=$(call FIRST,python3.13 python3.12 python3.11 python3)

lint: $(READY_TEST)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(VENV)/bin/lint-imports

# -W: a broken link or reference is an error.
docs: $(READY_DOCS)
	rm -rf docs/generated build/docs
	$(PY) -W ignore -m sphinx -W --keep-going -q -d build/doctrees \
		-c docs . build/docs

docs-serve: docs
	$(PY) -m http.server --bind 127.0.0.1 --directory build/docs $(PORT)

venv: $(READY)

$(PY):
	@python='$(PYTHON)'; \
	if ! "$${python:-python3}" -c '$(SUPPORTED)' 2>/dev/null; then \
		echo "avts_mm needs Python 3.11 to 3.13, which was not found:" \
			"install it or name it, e.g. make PYTHON=python3.12 ..." >&2; \
		exit 1; \
	fi; \
	if ! "$$python" -c 'import ensurepip, venv' 2>/dev/null; then \
		echo "$$python cannot make virtual environments: run apt-get" \
			"install python3-venv, then make again." >&2; \
		exit 1; \
	fi; \
	"$$python" -m venv $(VENV)

# torch is named in the same command as the package, so that pip chooses a
# torchaudio that goes with it.
$(READY): setup.py avts_mm/version.py | $(PY)
	$(PIP) install $(TORCH) -e .
	@$(PY) -c 'import cv2' 2>/dev/null || $(MAKE) --no-print-directory headless
	@$(PY) -W ignore -c 'import avts_mm'
	@touch $@

$(READY_TEST): $(READY)
	$(PIP) install -e '.[test]'
	@touch $@

$(READY_DOCS): $(READY)
	$(PIP) install -e '.[docs]'
	@touch $@

# OpenCV's usual wheels need system libraries that a bare Debian or Ubuntu
# lacks; its headless wheel of the same version, put on top, does not.
.PHONY: headless
headless:
	@echo 'OpenCV finds no libGL here: putting its headless build on top.'
	$(PIP) install --force-reinstall --no-deps opencv-contrib-python-headless==$$( \
		$(PY) -c 'from importlib.metadata import version as v; \
		print(v("opencv-contrib-python"))')

clean:
	rm -rf build dist .pytest_cache .ruff_cache .mypy_cache .coverage* htmlcov
	find avts_mm configs tools tests -name __pycache__ -type d -prune \
		-exec rm -rf {} +
