# Each target sets up what it needs, in .venv and nowhere else. A bare `make` prints the targets.
.DEFAULT_GOAL := help
.PHONY: help run demo test check generate bench soak clean lock
SHELL := /bin/bash

# The first Python of at least 3.11 there is; `make PYTHON=...` names another.
PYTHON ?= $(shell for python in python3 python3.11 python3.12 python3.13 python3.14; do \
  $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$python; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
JOBS ?= 3
TESTS ?=
BENCH ?= *
REGION ?=

# A stamp carries the hash of what was installed: a second run costs nothing, a changed pin is seen.
PROJECTS := pyproject.toml clients/python/pyproject.toml requirements/server.in
hash = $(shell cat $(1) $(PROJECTS) | cksum | tr ' ' -)
SERVER := $(VENV)/server-$(call hash,requirements/server.txt)
DEV := $(VENV)/dev-$(call hash,requirements/dev.txt)

help: ## print this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1|\2/p' Makefile | while IFS='|' read -r name text; do printf '  make %-10s %s\n' "$$name" "$$text"; done

run: $(SERVER) ## play one dangerous-goods trip, then keep serving until Ctrl-C (REGION=file.osm.pbf)
	$(BIN)/hazway-server demo $(if $(REGION),--region '$(REGION)') --serve

demo: $(SERVER) ## play it once; fails unless every expectation held (REGION=file.osm.pbf)
	$(BIN)/hazway-server demo $(if $(REGION),--region '$(REGION)')

test: $(DEV) ## all tests but the long ones (TESTS=tests/unit, JOBS=3)
	$(BIN)/python -m pytest -m 'not soak' -n $(JOBS) --dist loadfile --no-loadscope-reorder $(TESTS)

check: $(DEV) ## format, lint, types, import contracts, fresh wire code, buf
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/mypy protos
	$(BIN)/lint-imports
	$(BIN)/python protos/check.py

generate: $(DEV) ## wire code and reasons from protos/ and services/errors
	$(BIN)/python protos/reasons.py
	$(BIN)/python protos/generate.py

bench: $(DEV) ## JSON lines of every tests/bench/bench_*.py (BENCH=name, REGION=file)
	@set -e; for bench in tests/bench/bench_$(BENCH).py; do REGION='$(REGION)' $(BIN)/python "$$bench"; done

soak: $(DEV) ## the long fault and load runs
	$(BIN)/python -m pytest -m soak $(TESTS)

clean: ## remove everything that was made here
	rm -rf $(VENV) .hazway .mypy_cache .ruff_cache .import_linter_cache .pytest_cache .hypothesis protos/node_modules
	rm -rf build dist *.egg-info clients/python/build clients/python/dist clients/python/*.egg-info
	find services geo clients/python tests protos -name __pycache__ -prune -exec rm -rf {} +

lock: $(DEV) ## pin requirements/*.in with hashes; what is pinned stays (UPGRADE=--upgrade renews it)
	@set -e; for name in uv node server dev; do \
	  $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --only-binary :all: --no-header --no-annotate \
	    --no-emit-index-url $(UPGRADE) requirements/$$name.in -o requirements/$$name.txt; done

# uv where it can be had, else pip: the same pins, the same hashes, wheels only (a fresh machine has no compiler).
define install
	@test -x $(BIN)/python || { test -n '$(PYTHON)' || { echo '需要 Python 3.11 或更高版本 / Python 3.11 or later is needed' >&2; exit 1; }; $(PYTHON) -m venv $(VENV); }
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --require-hashes --only-binary :all: -r requirements/uv.txt || true
	@test -w "$${HOME:-/nonexistent}" || export UV_NO_CACHE=1; \
	if test -x $(BIN)/uv; then installer='$(BIN)/uv --quiet pip'; else installer='$(BIN)/python -m pip --quiet'; fi; \
	export VIRTUAL_ENV='$(CURDIR)/$(VENV)' UV_PYTHON_DOWNLOADS=never; set -e; \
	$$installer install --require-hashes --only-binary :all: -r $(1); \
	$$installer install --no-deps --no-build-isolation -e . -e clients/python
endef

$(SERVER):
	$(call install,requirements/server.txt)
	@rm -f $(VENV)/server-*; touch $@

$(DEV):
	$(call install,requirements/dev.txt)
	@rm -f $(VENV)/dev-* $(VENV)/server-*; touch $@ $(SERVER)
