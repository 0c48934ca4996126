# `make demo` runs the main job, `make test` passes the tests, `make docs` builds the
# site; each sets itself up. `make docs SKAE_FAST=1` does not run the lessons.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
INSTALLED_DOCS := $(VENV)/.installed-docs
MADE_DOCS := $(addprefix docs/,_build _lessons lessons api/backreferences api/generated)

# Torch's threads wait for one another at every operation of a small network: with
# several processes on the same cores one thread each is many times faster.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadscope

.PHONY: demo test test-documents test-slow test-plugin lint docs clean

demo: $(INSTALLED)
	$(BIN)/skae select airline-passengers --output skae-demo --force

test: $(INSTALLED)
	$(PYTEST) -m "not documents"

# What README, guide and lessons show.
test-documents: $(INSTALLED)
	$(PYTEST) -m documents --dist load tests/test_guide.py tests/test_examples.py \
		tests/test_notebook.py

test-slow: $(INSTALLED)
	$(PYTEST) --slow

# The example of a plugin, installed beside the environment rather than into it.
test-plugin: $(INSTALLED)
	rm -rf build/plugin
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation \
		--target build/plugin ./examples/plugin
	cd examples/plugin && PYTHONPATH="$(CURDIR)/build/plugin" OMP_NUM_THREADS=1 \
		../../$(BIN)/python -m pytest -n 2 --dist loadscope

lint: $(INSTALLED)
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

docs: $(INSTALLED_DOCS)
	OMP_NUM_THREADS=1 $(BIN)/python -m sphinx -q -W --keep-going docs docs/_build/html

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[dev]"
	touch $@

$(INSTALLED_DOCS): $(INSTALLED)
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[docs]"
	touch $@

clean:
	rm -rf $(VENV) build examples/plugin/build dist skae-demo *.egg-info $(MADE_DOCS)
