# Two commands do everything: `make demo` and `make test`. Both set up what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The accessibility checker of the page tests, from npm.
AXE := 4.14.1
# The other reader of Word documents, for tests.
DOCX_NG := 2.1.0
DEMO := demo.db
REPORTS := demo-report
REVIEW := wales-2004-08
EXAMPLE := examples/wales-2004-08
RATED := getting-help assessment care-planning safeguarding independence family-support carers services \
  leadership planning-partnerships commissioning workforce performance-management resources organisation cell

.PHONY: demo serve test lint docs pictures bench browser cluster-demo clean help

help:            ## Show this list.
	@grep -E '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14

# --- set-up ------------------------------------------------------------------------------------------

# An environment that another version of Python made than the one that was named is made anew.
VERSION := import sys; print("%d.%d" % sys.version_info[:2])
version_in = $(shell test -x $(1)/bin/python && $(1)/bin/python -c '$(VERSION)')
version_named = $(or $(shell $(PYTHON) -c '$(VERSION)'),$(error $(PYTHON) could not be run))
if_other = $(if $(filter file,$(origin PYTHON)),,$(if $(filter-out $(call version_in,$(1)),$(version_named)),anew-$(1)))

.PHONY: anew-$(VENV) anew-.bench-venv
anew-$(VENV) anew-.bench-venv:
	@test ! -d $(@:anew-%=%) || echo "$(@:anew-%=%) is of another Python; making it anew with $(version_named) ..."
	@rm -rf $(@:anew-%=%)

$(VENV)/run.done: pyproject.toml $(call if_other,$(VENV))
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; name it with: make PYTHON=python3.12 ..."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
	  { echo "Python's venv module is missing; on Debian: apt-get install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable .
	@# The inference engine comes as C source: without a compiler the evaluator works alone, and runs say so.
	@$(BIN)/python -m pip install --quiet --editable '.[engine]' || \
	  echo "The inference engine could not be built here (a C compiler and Python headers are needed);" \
	       "the evaluator makes the firings alone, and every run says so."
	@# Reports as PDF and Word need two libraries that are not part of the plain installation.
	$(BIN)/python -m pip install --quiet --editable '.[report]'
	@touch $@

$(VENV)/test.done: $(VENV)/run.done
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	@# A fork of python-docx under its name: apart, for tests that read what we wrote with it.
	$(BIN)/python -m pip install --quiet --no-deps --upgrade --target $(VENV)/docx-ng python-docx-ng==$(DOCX_NG)
	@touch $@

$(VENV)/axe-$(AXE).done: $(VENV)/run.done
	@command -v npm >/dev/null || { \
	  echo "Installing npm for the accessibility checker ..."; \
	  if [ "$$(id -u)" = 0 ]; then SUDO=; else SUDO=sudo; fi; \
	  { $$SUDO apt-get update -q && $$SUDO apt-get install -y -q --no-install-recommends npm; } >/dev/null || \
	  { echo "npm could not be installed; install it by hand, then run again."; exit 1; }; }
	@npm install --silent --no-save --ignore-scripts --no-audit --no-fund --prefix $(VENV)/axe axe-core@$(AXE)
	@touch $@

browser: ## Install the browser that the page tests need, where it is missing.
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || \
	 command -v google-chrome >/dev/null || { \
	  echo "Installing chromium for the page tests ..."; \
	  if [ "$$(id -u)" = 0 ]; then SUDO=; else SUDO=sudo; fi; \
	  { $$SUDO apt-get update -q && $$SUDO apt-get install -y -q chromium; } >/dev/null || \
	  { echo "chromium could not be installed; install it by hand, then run again."; exit 1; }; }

# --- what people do ----------------------------------------------------------------------------------

demo: $(VENV)/run.done ## Load the worked example, assess it, print the result, make its report.
	@rm -rf $(REPORTS)
	@rm -f $(DEMO) $(DEMO)-wal $(DEMO)-shm $(DEMO)-journal
	@$(BIN)/joint-review init --db $(DEMO)
	@$(BIN)/joint-review review create --file $(EXAMPLE)/review.yml --by lead-reviewer --db $(DEMO)
	@$(BIN)/joint-review evidence import $(REVIEW) $(EXAMPLE)/sources.csv $(EXAMPLE)/findings.csv \
	  $(EXAMPLE)/survey-results.csv $(EXAMPLE)/indicators.csv --by lead-reviewer --db $(DEMO)
	@$(BIN)/joint-review assess $(REVIEW) --by lead-reviewer --db $(DEMO)
	@echo
	@echo "The report of the example: $(EXAMPLE)/report"
	@$(BIN)/joint-review accept $(REVIEW) $(RATED) --by moderator-1 --db $(DEMO) >/dev/null
	@$(BIN)/joint-review publication start $(REVIEW) "5 January 2026" --practice $(EXAMPLE)/practice.yml \
	  --by lead-reviewer --db $(DEMO) >/dev/null
	@$(BIN)/joint-review report start $(REVIEW) --by lead-reviewer --db $(DEMO)
	@$(BIN)/joint-review report write $(REVIEW) $(EXAMPLE)/report --by lead-reviewer --db $(DEMO)
	@$(BIN)/joint-review report check $(REVIEW) --db $(DEMO)
	@$(BIN)/joint-review report freeze $(REVIEW) --for moderation --by lead-reviewer --db $(DEMO)
	@mkdir -p $(REPORTS)
	@# All three at once: charts take most of the time.
	@set -e; for form in html docx pdf; do \
	  $(BIN)/joint-review report render $(REVIEW) --to $(REPORTS)/report.$$form --db $(DEMO) & made="$$made $$!"; \
	done; for one in $$made; do wait $$one; done
	@echo "The same with a browser, at http://127.0.0.1:8001: make serve"

serve: $(VENV)/run.done ## Open the worked example in Datasette (run `make demo` first).
	@test -f $(DEMO) || $(MAKE) --no-print-directory demo
	@$(BIN)/joint-review serve --db $(DEMO)

$(VENV)/cluster.done: $(VENV)/run.done
	$(BIN)/python -m pip install --quiet --editable '.[cluster]'
	@touch $@

cluster-demo: $(VENV)/cluster.done ## What stricter rules would move, on a Dask scheduler and two workers on this machine.
	@$(BIN)/python benchmarks/cluster_demo.py

test: $(VENV)/test.done $(VENV)/axe-$(AXE).done browser ## Run every test, as many files at a time as there are processors.
	@# In the order of their names: the longest files are not the last ones, for which one worker waits.
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

lint: $(VENV)/test.done ## Check style, types and that generated parts are current.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(VENV)/test.done ## Write the generated parts of the documentation anew.
	$(BIN)/python -m cogapp -r -I docs/making README.md docs/*.md examples/*/README.md
	$(BIN)/python -c "from joint_review.metadata import metadata_yaml; print(metadata_yaml(), end='')" > datasette-metadata.yml

pictures: $(VENV)/test.done browser ## Take the pictures of the guides anew.
	$(BIN)/python docs/making/take_pictures.py

.bench-venv/done: pyproject.toml benchmarks/requirements.txt $(call if_other,.bench-venv)
	@test -x .bench-venv/bin/python || $(PYTHON) -m venv .bench-venv
	@.bench-venv/bin/python -m pip install --quiet --upgrade pip
	@.bench-venv/bin/python -m pip install --quiet --editable '.[engine]' --requirement benchmarks/requirements.txt
	@touch $@

bench: .bench-venv/done ## Measure speed and memory against peers; prints one table (QUICK=1: less of it).
	@.bench-venv/bin/python benchmarks/run.py $(if $(QUICK),--quick)

clean: ## Remove the environment, the demo database with its accounts and all that was put aside, its report.
	rm -rf $(VENV) $(DEMO) $(DEMO)-* $(DEMO).* $(REPORTS)
