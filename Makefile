# `make demo` runs the main job, `make test` passes the tests; each sets itself up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

# Torch's threads wait for one another at every operation of a small network: with
# several processes on the same cores one thread each is many times faster.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadscope

.PHONY: demo test test-slow lint clean

demo: $(INSTALLED)
	$(BIN)/skae select airline-passengers --output skae-demo --force

test: $(INSTALLED)
	$(PYTEST)

test-slow: $(INSTALLED)
	$(PYTEST) --slow

lint: $(INSTALLED)
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[dev]"
	touch $@

clean:
	rm -rf $(VENV) build dist skae-demo *.egg-info
