# make paper | make replot | make test | make test-fast | make test-slurm | make lint | make benchmark | make report | make setup
# One command each, on a fresh machine with git, make and Python 3.11 or newer.

PYTHON ?= python3
BIN := .venv/bin
# another configuration: make paper CONFIG=config/paper.yaml
CONFIG ?= config/config.yaml
PIP := $(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check
# pip fetches PyTorch, as it minds a site's own builds; uv fetches the rest, many times faster
UV := $(BIN)/uv pip install --quiet --python $(BIN)/python
# a module is compiled when it is first imported: here too where the environment forbids it
export PYTHONDONTWRITEBYTECODE :=
# tests of one file share what they have made; a worker may need 2 GB
PYTEST := $(BIN)/pytest --numprocesses=auto --maxprocesses=4 --dist=loadfile
SNAKEMAKE := $(BIN)/snakemake --workflow-profile workflow/profiles/default --configfile "$(CONFIG)"

# the report is made of what the run has left
.NOTPARALLEL:

.PHONY: paper replot report test test-fast test-slurm lint benchmark setup clean help

paper: setup
	@flock --nonblock --close --conflict-exit-code 75 .make.lock $(MAKE) --no-print-directory run report; \
	status=$$?; \
	if [ $$status -eq 75 ]; then \
		echo "make paper: another one is at work in this folder; wait for it, or stop it first." >&2; \
	elif [ $$status -ne 0 ]; then \
		echo "make paper stopped; what is finished is kept, and 'make paper' goes on from there." >&2; \
	else \
		echo "The paper is results/paper.pdf, the report results/report.html."; \
	fi; \
	exit $$status

# Figures and PDF anew from the runs that are here; refuses, with the reason, if that would train.
replot: setup
	@PYTHONPATH=workflow $(BIN)/python -m delaynet plan --replot --configfile "$(CONFIG)"
	@flock --nonblock --close --conflict-exit-code 75 .make.lock \
		$(MAKE) --no-print-directory run FORCED="--forcerun figure paper"

# Only ever called under the lock of `make paper`: a Snakemake that was killed leaves its own behind.
.PHONY: run
run:
	@if [ -n "$$(ls .snakemake/locks 2>/dev/null)" ]; then $(SNAKEMAKE) --unlock --quiet all; fi
	@$(SNAKEMAKE) --logger delaynet $(FORCED)

report: setup
	@$(SNAKEMAKE) --report results/.report.html --quiet all
	@mv results/.report.html results/report.html

test: setup lint
	@$(PYTEST)

test-fast: setup
	@$(PYTEST) -m "not slow"

# as root, on a throw-away Debian machine: installs Slurm, and brings a small cluster up
test-slurm: setup
	@$(BIN)/pytest tests/slurm

lint: setup
	@$(BIN)/ruff check workflow tests
	@$(BIN)/ruff format --check workflow tests
	@$(BIN)/mypy
	@$(BIN)/snakefmt --check --compact-diff workflow/Snakefile workflow/rules Snakefile
	@$(BIN)/snakemake --lint

# on a machine that does nothing else, about a quarter of an hour
benchmark: setup
	@PYTHONPATH=tests $(BIN)/python -m benchmark

setup: .venv/complete

.venv/complete: envs/requirements.txt envs/development.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "make: $(PYTHON) is older than 3.11; name a newer one: make PYTHON=python3.12 ..." >&2; exit 1; }
	@echo "Setting up .venv (about a minute, once)"
	@$(PYTHON) -m venv .venv
	@$(PIP) --no-deps --no-compile $$(grep -E '^(torch|uv)==' envs/requirements.txt)
	@$(UV) -r envs/requirements.txt
	@$(UV) --no-deps -r envs/development.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch .venv/complete

clean:
	rm -rf results logs benchmarks .snakemake .make.lock

help:
	@sed -n 1,2p Makefile
