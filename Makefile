# Two commands: make demo, make test. Each does all of its own set-up; nothing but Python 3.11+ and make is needed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := .stamps

.PHONY: demo test lint types contract tests docs site clean programs

demo: $(STAMPS)/demo
	$(BIN)/python -m demo_blog

test: $(STAMPS)/dev programs lint types contract tests

lint: $(STAMPS)/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(STAMPS)/dev
	$(BIN)/mypy

contract: $(STAMPS)/dev
	$(BIN)/lint-imports --no-cache

tests: $(STAMPS)/dev programs
	$(BIN)/pytest -n 3 --dist loadgroup

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

clean:
	rm -rf $(VENV) $(STAMPS) .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist
