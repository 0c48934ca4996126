# `make demo` runs the main job, `make test` passes the tests, `make docs` builds the
# site; each sets itself up. `make docs SKAE_FAST=1` does not run the lessons.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
INSTALLED_DOCS := $(VENV)/.installed-docs
LOWEST := $(VENV)-lowest
INSTALLED_LOWEST := $(LOWEST)/.installed
# Where an environment has its packages.
SITE := "import sysconfig; print(sysconfig.get_path('purelib'))"
MADE_DOCS := $(addprefix docs/,_build _lessons lessons api/backreferences api/generated)

# Torch's threads wait for one another at every operation of a small network: with
# several processes on the same cores one thread each is many times faster.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadscope

.PHONY: demo test test-documents test-slow test-plugin test-lowest wheel lint docs clean

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

# Some of the tests, with the lowest versions that pyproject.toml declares.
# These libraries use what later releases of others have deprecated.
test-lowest: $(INSTALLED_LOWEST)
	OMP_NUM_THREADS=1 $(LOWEST)/bin/python -m pytest -n 2 --dist loadscope \
		-W ignore::DeprecationWarning \
		tests/autoencoders tests/scorers tests/search/test_dimension_search.py \
		tests/search/test_bayes.py tests/cli/test_inputs.py tests/plotting \
		tests/test_html.py

# What a release consists of, in dist/. The wheel is installed into a fresh environment,
# which sees the packages of the other one, but not this folder; then it has to work.
wheel: $(INSTALLED)
	rm -rf dist build/wheel
	$(BIN)/python -m build --quiet --outdir dist .
	$(BIN)/twine check --strict dist/*
	$(PYTHON) -m venv --without-pip build/wheel
	$(BIN)/python -c $(SITE) > \
		"$$(build/wheel/bin/python -c $(SITE))/requirements.pth"
	$(BIN)/python -m pip --python build/wheel/bin/python install --quiet --no-deps \
		dist/*.whl
	$(BIN)/python -m pip --python build/wheel/bin/python check
	cd build/wheel && bin/python -c \
		"import skae; assert skae.__file__.startswith('$(CURDIR)/build/wheel')"
	cd build/wheel && bin/skae --version
	cd build/wheel && bin/skae select airline-passengers --components 2,3 \
		--max-epochs 20 --quiet --output selected
	test -s build/wheel/selected/report.html

lint: $(INSTALLED)
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

docs: $(INSTALLED_DOCS)
	OMP_NUM_THREADS=1 $(BIN)/python -m sphinx -q -W --keep-going docs docs/_build/html

$(INSTALLED): pyproject.toml constraints.txt
	@echo "Installing skae and its requirements into $(VENV), once. pip's own build of"
	@echo "torch for Linux downloads some 3 GB for GPUs; see the README for the one"
	@echo "without them, of 200 MB. The rest are about 300 MB."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -c constraints.txt -e ".[dev]"
	touch $@

$(INSTALLED_DOCS): $(INSTALLED)
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[docs]"
	touch $@

$(INSTALLED_LOWEST): pyproject.toml constraints-lowest.txt
	$(PYTHON) -m venv $(LOWEST)
	$(LOWEST)/bin/python -m pip install --quiet -c constraints-lowest.txt \
		-e ".[plot]" pytest pytest-xdist hypothesis
	touch $@

clean:
	rm -rf $(VENV) $(LOWEST) build examples/plugin/build dist skae-demo *.egg-info $(MADE_DOCS)
