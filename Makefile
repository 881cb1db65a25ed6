# Everything here works from a clean clone with Python 3.11 and make. Each target makes what it needs.
#   make demo      the whole back office on this machine, with a demo company   (PORT=8010 make demo)
#   make test      everything that must hold                                    (make test PYTEST_ARGS="-k ledger")
#   make check     the part of it that needs no test run: style, types, architecture, migrations, translations
#   make nightly   the long tests     make bench   measured ratios     make format   tidy the code
#   make access-matrix   write down anew who may do what in the back office (docs/access-matrix.md)

SHELL := /bin/sh
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
PORT ?= 8000
PYTEST_ARGS ?= -n 2 --dist loadfile

# Without compiled files every start of Python compiles everything anew.
unexport PYTHONDONTWRITEBYTECODE
# Python is here already; do not look for another one on the net.
export UV_PYTHON_DOWNLOADS := never

UV := $(shell sed -n 's/^\(uv==[0-9.]*\).*/\1/p' requirements-dev.txt)
sum = $(shell cat $(1) | cksum | tr ' ' '-')
RUNTIME := .venv/.runtime-$(call sum,requirements.txt)
DEVELOPMENT := .venv/.development-$(call sum,requirements.txt requirements-dev.txt)
TEST_SETTINGS := DJANGO_SETTINGS_MODULE=loyalty.settings.test

.PHONY: demo test check nightly bench access-matrix format lock browser style types contracts migrations translations
.DELETE_ON_ERROR:

demo: $(RUNTIME)
	@PORT=$(PORT) TIME_ZONE=$${TIME_ZONE:-Europe/Tallinn} exec $(BIN)/python manage.py demo

test: check browser
	@status=0; $(BIN)/python -m pytest $(PYTEST_ARGS) || status=$$?; \
	$(BIN)/python manage.py pg stop --test --if-idle >/dev/null; exit $$status

check: style types contracts migrations translations

style: $(DEVELOPMENT)
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --quiet --check .

types: $(DEVELOPMENT)
	$(BIN)/mypy

contracts: $(DEVELOPMENT)
	$(BIN)/lint-imports --no-logo

migrations: $(DEVELOPMENT)
	$(TEST_SETTINGS) $(BIN)/python manage.py makemigrations --check --dry-run
	$(TEST_SETTINGS) $(BIN)/python manage.py check --fail-level WARNING

# The compiled translations are committed, because gettext is not needed to run the product.
translations:
	@command -v msgfmt >/dev/null || { echo "translations: not compared (gettext is not installed)"; exit 0; }; \
	for text in $$(find loyalty programs members rewards surveys -name '*.po'); do \
		msgfmt --check-format -o - "$$text" | cmp -s - "$${text%.po}.mo" \
		|| { echo "$$text differs from its .mo: run msgfmt -o $${text%.po}.mo $$text"; exit 1; }; \
	done

nightly: $(DEVELOPMENT) browser
	@status=0; $(BIN)/python -m pytest -m nightly || [ $$? = 5 ] || status=1; \
	HOUSEHOLDS=0 $(BIN)/python -m pytest -m real_year || status=1; \
	$(BIN)/python manage.py pg stop --test --if-idle >/dev/null; exit $$status

bench: $(DEVELOPMENT)
	$(BIN)/python -m benchmarks

# Look at what it changed: a page that lets in more people than it did is seen here.
access-matrix: $(DEVELOPMENT)
	ACCESS_MATRIX=write $(BIN)/python -m pytest -q tests/architecture/test_access_matrix.py

format: $(DEVELOPMENT)
	$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

lock: $(DEVELOPMENT)
	$(BIN)/uv pip compile -q requirements.in -o requirements.txt \
		--python-version 3.11 --generate-hashes --no-emit-index-url --no-header
	$(BIN)/uv pip compile -q requirements-dev.in -o requirements-dev.txt \
		--python-version 3.11 --generate-hashes --no-emit-index-url --no-header

# Browser tests are skipped, with the reason, where Chromium is missing.
browser:
	@if [ ! -x /usr/bin/chromium ]; then \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get update -q && apt-get install -q -y --no-install-recommends chromium; \
		else echo "Browser tests need /usr/bin/chromium: sudo apt-get install chromium"; fi; \
	fi

.venv/bin/python:
	@[ -n "$(PYTHON)" ] || { echo "Python 3.11 or newer is needed."; exit 1; }
	$(PYTHON) -m venv .venv

# uv installs in seconds; where it cannot be had, pip does the same more slowly.
install = $(BIN)/python -m pip install --quiet --disable-pip-version-check "$(UV)" \
	&& $(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode $(1) \
	|| $(BIN)/python -m pip install --quiet --disable-pip-version-check $(1)

$(RUNTIME): | .venv/bin/python
	@echo "Installing what the back office runs on …"
	@$(call install,-r requirements.txt)
	@rm -f .venv/.runtime-* && touch $@

$(DEVELOPMENT): | .venv/bin/python
	@echo "Installing what checks and tests need …"
	@$(call install,-r requirements.txt -r requirements-dev.txt)
	@rm -f .venv/.runtime-* .venv/.development-* && touch $@ $(RUNTIME)
