# Backpropagation, Live. `make` lists the targets; README.md says how to do without make.

PYTHON ?= python3
ifeq ($(PYTHON),0)  # `make site PYTHON=0`: a site without Python in its pages
override PYTHON = python3
export BPLIB_PYTHON = 0
endif
# `make site SOLUTIONS=0`: without solutions, and with sealed checks
export BPLIB_SOLUTIONS = $(SOLUTIONS)
# LOWEST=1 and LATEST=1: an environment of its own with the lowest or the newest versions in the bounds.
ENDS = $(if $(LOWEST),lowest,$(if $(LATEST),latest))
VENV ?= .venv$(ENDS:%=-%)
PORT ?= 8000
ifneq ($(ENDS),)  # PyTorch's version is tested with the exact set; here its comparisons skip, in CI too
override TORCH =
export CI =
export HYPOTHESIS = few
endif
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check
UV = $(BIN)/uv pip install --quiet --python $(BIN)/python
# CI sets up with uv, which takes a tenth of pip's work; the versions are those of constraints.txt either way.
INSTALL = $(if $(CI),$(UV),$(PIP)) -c constraints.txt
ROOT_FLAG = $(if $(filter 0,$(shell id -u)),--allow-root)  # a container's user is often root
PYTEST = $(BIN)/python -m pytest -q
SECONDS = _build/seconds$(ENDS:%=-%)
NBVAL = --nbval --nbval-current-env --nbval-cell-timeout 60 --nbval-sanitize-with tests/sanitize.cfg

.PHONY: help lab test unit book browser site serve embed notebooks assignments wheel lint bench

help:  # (the default) list these targets
	@echo "make TARGET, where TARGET is one of"
	@sed -n 's/^\([a-z]*\):.*  # \(.*\)/  \1|\2/p' Makefile | awk -F'|' '{ printf "  %-13s %s\n", $$1, $$2 }'

lab: $(VENV)/.reader  # read and run the book in JupyterLab
	$(BIN)/jupyter lab --LabApp.default_url=/lab/tree/book/00-introduction.ipynb $(ROOT_FLAG)

# With LOWEST or LATEST the package and every notebook, but no browser, since the page carries its own libraries, and
# no test of what the book is written in.
test:  # run every test (TORCH=1: with PyTorch and JAX; LOWEST=1, LATEST=1: with those versions)
	@$(MAKE) --no-print-directory -j 2 unit $(if $(ENDS),,site) book
ifeq ($(ENDS),)
	@$(MAKE) --no-print-directory -o site browser
	@$(BIN)/python tools/seconds.py $(SECONDS)
endif

unit: $(VENV)/.author $(if $(TORCH),$(VENV)/.torch)  # test the package
	@echo "--- unit tests and doctests"
	$(PYTEST) -n 2 --junitxml=$(SECONDS)/unit.xml tests/unit bplib

book: $(VENV)/.author $(if $(TORCH),$(VENV)/.torch)  # run every notebook and compare what it prints
	@echo "--- notebooks: run again and compared, structure, exercises"
	$(PYTEST) -n 2 --dist loadfile --junitxml=$(SECONDS)/book.xml $(NBVAL) $(if $(ENDS),,tests/book) book

browser: site  # test the site and JupyterLab in Chromium, the site in Firefox and WebKit too
	@echo "--- browser: drives Chromium on the site and on JupyterLab, Firefox and WebKit on the site, a few minutes"
	BPLIB_SITE=_build/html $(PYTEST) -n 2 --dist worksteal --junitxml=$(SECONDS)/browser.xml tests/browser

site: $(VENV)/.author  # build the HTML site from scratch, in _build/html (PYTHON=0: without Python in the page; SOLUTIONS=0: without solutions)
	@echo "--- site: every notebook is run, about 10 seconds each"
	@rm -rf _build/html _build/.doctrees _build/jupyter_execute; mkdir -p $(SECONDS); date +%s >$(SECONDS)/site
	BPLIB_FRAMES=1 $(BIN)/jupyter-book build . -W --keep-going >$(SECONDS)/site.log 2>&1 || { cat $(SECONDS)/site.log; exit 1; }
	@date +%s >>$(SECONDS)/site; echo "The site is in _build/html: open index.html, or make serve"

serve: $(VENV)/.reader  # show the built site at http://127.0.0.1:8000 (PORT=...)
	@test -d _build/html || $(MAKE) site
	@echo "The book is at http://127.0.0.1:$(PORT), Ctrl+C ends"
	$(BIN)/python -m http.server --bind 127.0.0.1 --directory _build/html $(PORT)

embed: $(VENV)/.author  # write one figure as a file that needs no other, _build/neuron.html (FIGURE=neuron)
	@test -d _build/html || $(MAKE) site
	@$(BIN)/python tools/embed.py $(FIGURE)

notebooks: $(VENV)/.author  # run the notebooks, store outputs, write the students' exercises (ONLY=01: just those)
	$(BIN)/python tools/notebooks.py $(ONLY)

assignments: $(VENV)/.author  # write an nbgrader course folder, _build/assignments
	$(BIN)/python tools/notebooks.py --assignments _build/assignments

wheel: $(VENV)/.author  # build the package that students install, _build/wheel
	$(BIN)/python tools/student_wheel.py _build/wheel

lint: $(VENV)/.author  # check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.author $(VENV)/.torch  # measure against other libraries
	$(BIN)/python benchmarks/run.py

# Each stamp is older than what it was made from only when there is something to install.
ifeq ($(ENDS),)
$(VENV)/.reader: requirements.txt constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "The book needs Python 3.11 or newer. Name it: make lab PYTHON=python3.12")'
	@echo "Setting up $(VENV): downloads about 100 MB, a minute or two"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(if $(CI),$(PIP) uv)
	$(INSTALL) -r requirements.txt
	@touch $@

$(VENV)/.author: $(VENV)/.reader
	@echo "Adding what authors and tests need: a minute or two"
	$(INSTALL) -e '.[widgets,authors,test]'
	@touch $@
else
.PHONY: newest
$(VENV)/.author: requirements.txt pyproject.toml $(if $(LATEST),newest)
	@echo "Setting up $(VENV): the $(ENDS) versions that the bounds allow, a minute or two"
	$(PYTHON) -m venv --clear $(VENV)
	$(PIP) uv
	$(UV) --resolution $(if $(LOWEST),lowest-direct,highest) \
	    -r requirements.txt -e '.[widgets,authors,test]'
	@touch $@

$(VENV)/.reader: $(VENV)/.author
	@touch $@
endif

$(VENV)/.torch: $(VENV)/.author requirements-torch.txt
	@echo "Adding the libraries that the book compares itself with: a minute or two"
	$(PIP) -c constraints.txt -r requirements-torch.txt  # pip knows where to find PyTorch's CPU build
	@touch $@
