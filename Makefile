# One command for each habit. Needs only Python >= 3.11, make and git.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEMO ?= demo
PROJECT ?= templates/project2_data_platform

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-fast verify lint format bench docs fingerprints clean

help: ## Show these commands
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## Create the virtual environment with everything in it

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; try: make PYTHON=python3.13 $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --editable '.[services,strength,acceptance,github]' --group dev
	@touch $@

demo: $(READY) ## Scaffold project 2, grade it for real, write the HTML report
	@rm -rf $(DEMO) && mkdir -p $(DEMO)
	$(BIN)/scaffold new project2 $(DEMO)/project2 --defaults
	$(BIN)/check $(DEMO)/project2 --format terminal,html,json --output $(DEMO)/report
	@cat $(DEMO)/report/scorecard.txt
	@echo "HTML report: $(DEMO)/report/scorecard.html"

test: $(READY) ## Run every test, with the coverage of our own code
	$(BIN)/python -m coverage erase
	$(BIN)/python -m coverage run -m pytest -n 2 --dist loadfile $(PYTEST)
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python -m coverage report

test-fast: $(READY) ## Run the tests that take no server, browser or build
	$(BIN)/python -m pytest -m "not slow" -n 2 --dist loadfile $(PYTEST)

verify: $(READY) ## Prove a project's grade: solution, starter, every seeded fault (PROJECT=…)
	$(BIN)/check --verify $(PROJECT) $(VERIFY)

lint: $(READY) ## Types, style, import boundaries, generated documents up to date
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/rules_reference.py --check
	$(BIN)/python tools/fingerprints.py --check

format: $(READY) ## Rewrite the code in the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY) ## Measure speed as ratios against what a user would run instead
	$(BIN)/python -m benchmarks

docs: $(READY) ## Write the rules reference from the rules
	$(BIN)/python tools/rules_reference.py

fingerprints: $(READY) ## Write the fingerprints of the reference solutions
	$(BIN)/python tools/fingerprints.py

clean: ## Remove what these commands made
	rm -rf $(VENV) $(DEMO) build dist .coverage* .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
