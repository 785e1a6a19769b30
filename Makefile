# Everything runs from here. Needed beforehand: make and Python 3.11 or newer; the rest is fetched, pinned and checked.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
JOBS ?= 3 # test processes: most of them wait for another program
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1 # the lock says which pyright; nothing looks for a newer one

.DEFAULT_GOAL := help
.PHONY: audit sbom fuzz help demo browser dashboard test prove lint format bench bench-peers soak boards lock clean parts

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.ready ## the main job on this machine: a log in, a minimized lake and its report out, then shop and dashboard until Ctrl-C (LOG=file names yours)
	remit demo $(LOG)

test: parts lint ## lint, then every test in its short form; the last lines say which real parts ran
	pytest -n $(JOBS) --dist worksteal

prove: parts lint ## the same tests in full strength: minutes to hours
	REMIT_PROVE=1 pytest

lint: $(VENV)/.ready ## ruff, mypy, pyright, import-linter
	ruff check
	ruff format --check
	mypy
	pyright
	lint-imports --no-cache

format: $(VENV)/.ready ## let ruff put the files in order
	ruff check --fix
	ruff format

bench: $(VENV)/.ready ## measure, print and keep in bench/results
	python bench/run.py

bench-peers: $(VENV)/.ready ## measure the whole job beside stream libraries and log daemons, which install themselves below .cache (LOG=file for events of your own)
	python bench/run.py peers $(if $(LOG),--log $(LOG)) --rounds 3

soak: parts ## run everything for an hour (MINUTES=, RATE= events a second) and say whether it stays as it was
	python bench/soak.py

browser: $(VENV)/.ready ## build the browser tracker: the file that the edge serves, ES module and types
	scripts/npm ready
	scripts/npm run check
	scripts/npm run build

fuzz: $(VENV)/.fuzz ## fuzz every parser by coverage: MINUTES= each (1), TARGET= some of them; tests/fuzz/README.md has the list
	python tests/fuzz/run.py --minutes $(or $(MINUTES),1) $(TARGET)

boards: $(VENV)/.ready ## write the Grafana boards anew
	python scripts/boards

dashboard: $(VENV)/.ready ## build what the dashboard's pages load: charts and partial updates
	scripts/npm --dashboard ready
	scripts/npm --dashboard run check
	scripts/npm --dashboard run build

audit: .cache/audit/made-of.txt ## compare what is locked with the advisories that are known; exit 3 where they cannot be asked
	$(PYTHON) scripts/audit

sbom: .cache/audit/made-of.txt ## write what an installation is made of, from the lock: dist/remit.cdx.json (CycloneDX 1.6, checked against its schema)
	@mkdir -p dist
	.cache/audit/bin/cyclonedx-py requirements requirements/run.txt --pyproject pyproject.toml --mc-type application --output-reproducible --spec-version 1.6 --output-format JSON --validate --output-file dist/remit.cdx.json

lock: $(VENV)/.ready ## resolve the dependencies anew, with hashes (UPGRADE=1 takes newer versions)
	scripts/lock $(if $(UPGRADE),--upgrade)

parts: $(VENV)/.ready # Java, Chromium, wrk, PostgreSQL, Prometheus: provided where that can be done, named where not
	@scripts/parts

clean: ## remove what make made
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist build producers/remit-browser/dist producers/remit-browser/node_modules consumers/remit-dashboard/node_modules

.cache/audit/made-of.txt: requirements/audit.txt
	$(PYTHON) -m venv --clear .cache/audit
	.cache/audit/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/audit.txt
	@cp requirements/audit.txt $@

# Two stamps, so that a changed pyproject.toml does not fetch everything again.
$(VENV)/.locked: requirements/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "remit needs Python 3.11 or newer; name one with PYTHON=...")'
	$(PYTHON) -m venv --clear $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

$(VENV)/.ready: $(VENV)/.locked pyproject.toml
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index --editable .
	@touch $@

$(VENV)/.fuzz: $(VENV)/.ready requirements/fuzz.txt
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/fuzz.txt
	@touch $@
