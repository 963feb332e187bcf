# Every target sets up what it needs in .venv; only make and Python 3.11 or newer must exist.
# Another interpreter: make demo PYTHON=/path/to/python3. More pytest options: make test PYTEST="-n 8 -x".

PYTHON ?=
PYTEST ?=
BENCH ?=

PY := .venv/bin/python
CANDIDATES := python3 python3.12 python3.13 python3.11 python3.14 python \
	"$$HOME"/.pyenv/versions/*/bin/python3
JUDGES := python3.12 python3.13 python3.14 python3 "$$HOME"/.pyenv/versions/*/bin/python3.1[2-9]

# $(call find,CANDIDATES,3,12): prints the first candidate of at least that version that can make a venv.
find = for p in $(1); do \
	"$$p" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < ($(2),$(3)))' \
	>/dev/null 2>&1 && { echo "$$p"; break; }; done; true

# Makes .venv unless a sound one is there.
define venv
@set -e; if ! $(PY) -m pip --version >/dev/null 2>&1; then \
	python=`$(call find,$(or $(PYTHON),$(CANDIDATES)),3,11)`; \
	if test -z "$$python"; then \
		echo "craftc: error: no Python 3.11 or newer with its venv module found$(if $(PYTHON), at $(PYTHON))" \
			"(legal: install one, or make PYTHON=/path/to/python3)" >&2; exit 1; \
	fi; \
	echo "craftc: making .venv with `$$python --version`"; \
	"$$python" -m venv --clear .venv; \
fi
endef

.PHONY: help demo test check bench judge
.DELETE_ON_ERROR:

help:
	@echo "make demo    build worlds/digits from weights/digits.pt, then read one digit with it"
	@echo "make test    all tests, slow ones and outside judges included"
	@echo "make check   ruff, mypy and the fast tests"
	@echo "make bench   the benchmarks (make bench BENCH=scale: a network 100 times as large beside the demo)"

demo: .venv/.core
	.venv/bin/craftc build weights/digits.pt -o worlds/digits
	.venv/bin/craftc run worlds/digits --index 17

test: .venv/.dev judge
	$(PY) -m pytest -n 2 --dist loadgroup $(PYTEST)

check: .venv/.dev
	.venv/bin/ruff check compiler tests benchmarks setup.py
	.venv/bin/mypy
	$(PY) -m pytest -n 2 --dist loadgroup -m "not slow and not oracle" $(PYTEST)

bench: .venv/.core
	$(PY) benchmarks/run.py $(BENCH)

.venv/.core: pyproject.toml setup.py
	$(venv)
	@echo "craftc: installing into .venv (once; a few minutes)"
	@$(PY) -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

.venv/.dev: pyproject.toml setup.py
	$(venv)
	@echo "craftc: installing into .venv with the tools for tests (once; a few minutes)"
	@$(PY) -m pip install --quiet --disable-pip-version-check --editable '.[dev,train]'
	@touch .venv/.core $@

# Outside judges, each in its own environment: nucleation (MCHPRS and mc-tick) needs Python 3.12 or newer,
# amulet-core pins an old numpy and may need a C compiler. Tests of a judge that cannot be had are skipped.
# $(call outside,FOLDER,CANDIDATES,3,12,PACKAGES,NAME)
define outside
@if test -f $(1)/.ready; then exit 0; fi; \
python=`$(call find,$(2),$(3),$(4))`; \
if test -z "$$python"; then \
	echo "craftc: no Python $(3).$(4) or newer found: tests that need $(6) are skipped"; exit 0; \
fi; \
echo "craftc: making $(1) with `$$python --version` for tests that need $(6)"; \
if { $(1)/bin/python -m pip --version >/dev/null 2>&1 || "$$python" -m venv --clear $(1); } && \
	$(1)/bin/python -m pip install --quiet --disable-pip-version-check $(5) 2>$(1)/log; \
then touch $(1)/.ready; \
else \
	tail -n 1 $(1)/log >&2; rm -rf $(1); \
	echo "craftc: it cannot be installed: tests that need $(6) are skipped"; \
fi
endef

judge:
	$(call outside,.venv-judge,$(JUDGES),3,12,numpy 'nucleation==0.12.*',nucleation)
	$(call outside,.venv-amulet,$(if $(PYTHON),$(PYTHON),$(CANDIDATES)),3,11,'amulet-core>=1.9.26',amulet-core)
