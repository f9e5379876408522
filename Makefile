# Three commands: make demo, make test, make proof. Each does all of its own set-up; nothing but Python 3.11+ and make is needed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := .stamps
BENCH := build/bench

# The tests that make coverage runs.
TESTS ?= tests

.PHONY: demo test proof lint types contract tests docs site clean programs coverage mutation

demo: $(STAMPS)/demo
	$(BIN)/python -m demo_blog

test: $(STAMPS)/dev programs lint types contract tests

NEEDS_TORCH = $(if $(QUICK),,$(if $(ONLY),$(filter network bots,$(ONLY)),yes))

# All benchmarks, which rewrite the tables in docs/measurements. QUICK=1: small samples, and no document is changed.
# DATA=folder has the data that isn't in the repository, ONLY="guard load" names steps.
proof: $(STAMPS)/bench $(STAMPS)/peers $(if $(NEEDS_TORCH),$(STAMPS)/torch)
	-sh tests/programs.sh proof
	$(BENCH)/venv/bin/python -m tests.benchmarks.proof --peers $(BENCH)/peers $(if $(QUICK),--quick) $(if $(DATA),--data "$(DATA)") $(if $(ONLY),--only $(ONLY))

lint: $(STAMPS)/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(STAMPS)/dev
	$(BIN)/mypy

contract: $(STAMPS)/dev
	$(BIN)/lint-imports --no-cache

tests: $(STAMPS)/dev programs
	$(BIN)/pytest -n 3 --dist loadgroup

# A test of a time limit may fail while coverage slows it down. make test checks those, so only the coverage counts here.
coverage: $(STAMPS)/measure programs
	$(BIN)/coverage erase
	-$(BIN)/coverage run -m pytest -n 3 --dist loadgroup $(TESTS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage json --quiet -o .coverage.json
	$(BIN)/python -m tests.coverage_page .coverage.json $(TESTS) > docs/measurements/coverage.md

mutation: $(STAMPS)/measure
	$(BIN)/python -m tests.mutation > docs/measurements/mutation.md

docs: $(STAMPS)/dev
	$(BIN)/python -m tests.configuration_page > docs/configuration.md
	$(BIN)/python -m tests.reference_page > docs/reference.md
	$(BIN)/python -m tests.catalogues
	$(BIN)/python -m tests.styles_picture

# The documentation site, in build/site.
site: $(STAMPS)/dev
	$(BIN)/python -m sphinx --quiet --fail-on-warning --fresh-env -c docs -d build/doctrees . build/site

programs:
	sh tests/programs.sh

$(STAMPS)/venv:
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; this is " + sys.version) if sys.version_info < (3, 11) else None'
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV) || { sh tests/programs.sh python3-venv && $(PYTHON) -m venv --clear $(VENV); }
	mkdir -p $(STAMPS) && touch $@

$(STAMPS)/demo: $(STAMPS)/venv pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[demo]'
	touch $@

$(STAMPS)/dev: $(STAMPS)/venv pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@ $(STAMPS)/demo

# The benchmarks have an environment of their own, so that their packages don't change what the tests see.
$(STAMPS)/bench: pyproject.toml
	[ -x $(BENCH)/venv/bin/python ] || $(PYTHON) -m venv $(BENCH)/venv || { sh tests/programs.sh python3-venv && $(PYTHON) -m venv --clear $(BENCH)/venv; }
	$(BENCH)/venv/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,bench]'
	mkdir -p $(STAMPS) && touch $@

# Only for the trained network of the full run. With PIP_EXTRA_INDEX_URL you can choose PyTorch's index of wheels without
# code for graphics cards, which are much smaller.
$(STAMPS)/torch: $(STAMPS)/bench
	$(BENCH)/venv/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[network]'
	touch $@

# Two of these packages have the same top-level name, so each gets its own folder.
$(STAMPS)/peers: | $(STAMPS)/bench
	for name in captcha django-simple-captcha flask-simple-captcha multicolorcaptcha; do \
	    rm -rf $(BENCH)/peers/$$name; \
	    $(BENCH)/venv/bin/python -m pip install --quiet --disable-pip-version-check --target $(BENCH)/peers/$$name $$name || exit 1; \
	done
	touch $@

$(STAMPS)/measure: $(STAMPS)/dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[measure]'
	touch $@

clean:
	rm -rf $(VENV) $(STAMPS) .coverage* mutants .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist
