# `make demo` runs the main job, `make test` passes the tests; each sets itself up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: demo test test-slow lint clean

demo: $(INSTALLED)
	$(BIN)/skae select airline-passengers --output skae-demo --force

test: $(INSTALLED)
	$(BIN)/python -m pytest -n 2 --dist loadscope

test-slow: $(INSTALLED)
	$(BIN)/python -m pytest --slow

lint: $(INSTALLED)
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[dev]"
	touch $@

clean:
	rm -rf $(VENV) build dist skae-demo *.egg-info
