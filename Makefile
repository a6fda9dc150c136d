# make paper | make replot | make test | make test-fast | make test-slurm | make lint | make benchmark | make check-gpu | make published | make study | make report | make setup | make develop | make clean
# One command each, on a fresh machine with git, make and Python 3.11 or newer.

PYTHON ?= python3
BIN := .venv/bin
# another configuration: make paper CONFIG=config/paper.yaml
CONFIG ?= config/config.yaml
# on how many cores: make paper CORES=2
CORES ?= all
# in MiB, of this machine, container or job (a cgroup and those around it): no more jobs at a time
# than fit
MEMORY := $(shell { cat /proc/meminfo; \
	sed -nE 's,^[0-9]+:(memory)?:,/sys/fs/cgroup/\1,p' /proc/self/cgroup | while read -r group; do \
		while [ "$$group" != /sys/fs ]; do \
			cat "$$group/memory.max" "$$group/memory.limit_in_bytes"; group=$${group%/*}; done; done; \
	} 2>/dev/null | awk '/^MemTotal/ {least = $$2 / 1024} \
	/^[0-9]+$$/ && $$1 / 2^20 < least {least = $$1 / 2^20} END {if (least) print int(least)}')
# pip alone, as uv reads no mirror, certificate or proxy from a site's settings of pip
PIP := $(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --no-user
# a module is compiled when it is first imported: here too where the environment forbids it
export PYTHONDONTWRITEBYTECODE :=
# what a notebook, an environment module or a site's own Snakemake has set is not for us
unexport PYTHONPATH PYTHONHOME MPLBACKEND SNAKEMAKE_PROFILE PIP_TARGET PIP_PREFIX
# tests of one file share what they have made; a worker may need 2 GB
PYTEST := $(BIN)/pytest --numprocesses=auto --maxprocesses=4 --dist=loadfile \
	--no-loadscope-reorder --durations=10
# a training on a GPU may need more; seen on CPUs: 0.6 GB in miniature, 0.8 GB at the paper's size
ON_A_CPU := train:mem_mb=1000
# cores last: what stands before a target must take one value
SNAKEMAKE = $(BIN)/snakemake --workflow-profile workflow/profiles/default --configfile "$(CONFIG)" \
	$(if $(MEMORY),--resources mem_mb=$(MEMORY) --set-resources $(ON_A_CPU)) --cores $(CORES)

# the report is made of what the run has left
.NOTPARALLEL:

.PHONY: paper replot report test test-fast test-slurm lint benchmark check-gpu published pilot study study_human study_voices setup develop clean help

# $(call alone,TARGETS): make them under a lock, which make and its Snakemake hold as long as one of
# them lives (so no --close here), and no job of theirs does. Who was just stopped takes a moment.
define alone
@flock --timeout 5 --no-fork --conflict-exit-code 75 .make.lock \
	$(MAKE) --no-print-directory unlocked $(1); \
status=$$?; \
if [ $$status -eq 71 ]; then \
	echo "make: this file system has no locks, so start one make at a time in this folder." >&2; \
	$(MAKE) --no-print-directory unlocked $(1); \
	status=$$?; \
fi; \
if [ $$status -eq 75 ]; then \
	echo "make $@: another one is at work in this folder; wait for it, or stop it first." >&2; \
elif [ $$status -ne 0 ]; then \
	echo "make $@ stopped; what is finished is kept, and 'make $@' goes on from there." >&2; \
fi; \
exit $$status
endef

paper: setup
	$(call alone,run report)
	@echo "The paper is results/paper.pdf, the report results/report.html."

# Figures and PDF anew from the runs that are here; refuses, with the reason, if that would train.
replot: setup
	@PYTHONPATH=workflow $(BIN)/python -m delaynet plan --replot --configfile "$(CONFIG)"
	$(call alone,run FORCED="--forcerun figure paper")

# What follows is only ever made by `alone`. Snakemake removes its locks, and our mark among them,
# when it ends; found together, they are of a make whose Snakemake was killed, and may go. Without
# the mark they are of a Snakemake that somebody else has started.
LOCKS := .snakemake/locks

.PHONY: unlocked run emptied
unlocked:
	@if [ -e $(LOCKS)/of-make ]; then rm -rf $(LOCKS); fi
	@if ls $(LOCKS)/*.lock >/dev/null 2>&1; then \
		echo "make: a Snakemake is at work in this folder; wait for it, or, if it was killed," \
			"release the folder with '$(BIN)/snakemake --unlock'." >&2; \
		exit 1; \
	fi

# one that ends without having locked anything leaves the mark; Ctrl-C must not stop its removal
run:
	@trap : INT TERM; mkdir -p $(LOCKS) && touch $(LOCKS)/of-make || exit 1; \
	$(SNAKEMAKE) --logger delaynet $(FORCED); status=$$?; \
	[ $$status -gt 128 ] || rm -f $(LOCKS)/of-make; \
	exit $$status

# what Snakemake knows of the results stays with them
emptied:
	@rm -rf .venv logs benchmarks .snakemake/log .hypothesis .*_cache workflow/*.egg-info
	@find . -name results -prune -o -name __pycache__ -prune -exec rm -rf {} +

report: setup
	@$(SNAKEMAKE) --report results/.report.html --quiet all
	@mv results/.report.html results/report.html

test: lint
	@$(PYTEST)

test-fast: develop
	@$(PYTEST) -m "not slow"

# as root, on a throw-away Debian machine: installs Slurm, and brings a small cluster up; six tests
# at a time share it, and mostly wait
test-slurm: develop
	@$(BIN)/pytest --numprocesses=6 --confcutdir=tests/slurm --durations=10 tests/slurm

lint: develop
	@$(BIN)/ruff check workflow tests
	@$(BIN)/ruff format --check workflow tests
	@$(BIN)/mypy
	@$(BIN)/snakefmt --check --compact-diff workflow/Snakefile workflow/rules Snakefile
	@$(BIN)/snakemake --lint

# on a machine that does nothing else, about a quarter of an hour
benchmark: develop
	@PYTHONPATH=tests $(BIN)/python -m benchmark

# on a machine with a GPU, some eight minutes, or four: make check-gpu QUICK=--quick; needs no
# developers' packages, but measures the peer `public` only where they are (make develop)
check-gpu: setup
	@PYTHONPATH=tests $(BIN)/python -m gpu $(QUICK)

# whole trainings beside those of the published code; some four core-hours, and docs/published.md
published: CONFIG = config/departures.yaml
published: develop
	@$(SNAKEMAKE) results/grouping.csv results/tables/accuracy.csv --directory results/published \
		--logger delaynet
	@PYTHONPATH=tests $(BIN)/python -m published

# does structure learn delays: the pilot, then some fifteen core-hours, and docs/study/*.csv
pilot: CONFIG = config/pilot.yaml
study: CONFIG = config/study.yaml
pilot: develop
	@$(SNAKEMAKE) results/tables/accuracy.csv --directory results/pilot --logger delaynet
study: pilot study_human study_voices
	@$(SNAKEMAKE) results/tables/accuracy.csv --directory results/study --logger delaynet
	@PYTHONPATH=tests $(BIN)/python -m study

study_human: CONFIG = config/study_human.yaml
study_human: develop
	@$(SNAKEMAKE) results/tables/accuracy.csv --directory results/study_human --logger delaynet

# another corpus of 24 voices for each block of five seeds
study_voices: CONFIG = config/study_voices.yaml
study_voices: develop
	@for block in 0 1 2 3; do folder=results/study_voices/$$block; \
		seeds=$$(PYTHONPATH=tests $(BIN)/python -m study.voices $$block $$folder) && \
		$(SNAKEMAKE) results/tables/accuracy.csv --directory $$folder --logger delaynet \
			--config $$seeds || exit 1; \
	done

setup: .venv/complete

# one that was made in a folder of another name, or whose Python is gone, is made again
ifneq ($(shell cat .venv/complete 2>/dev/null; test -x .venv/bin/python || echo gone),$(realpath .venv))
.PHONY: .venv/complete
endif

.venv/complete: envs/requirements.txt envs/A_surroundings.pth pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "make: $(PYTHON) is older than 3.11; name a newer one: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "make: $(PYTHON) lacks venv; on Debian or Ubuntu: sudo apt install python3-venv" >&2; exit 1; }
	@echo "Setting up .venv (about a minute, once)"
	@rm -rf .venv && $(PYTHON) -m venv .venv
	@$(PIP) --no-compile -r envs/requirements.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@cp envs/A_surroundings.pth "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
	@echo "$(abspath .venv)" > .venv/complete

# what tests, linters and the benchmark need beside it
develop: .venv/development

.venv/development: .venv/complete envs/development.txt
	@$(PIP) --no-compile --no-deps -r envs/development.txt
	@touch .venv/development

# set-up, caches, logs
clean:
	$(call alone,emptied)
	@if [ -e results/records ]; then echo "results/ stays; to remove all results: rm -rf results/[!R]* .snakemake"; fi

help:
	@sed -n 1,2p Makefile
