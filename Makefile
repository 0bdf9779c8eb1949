# The two commands that a newcomer needs are `make demo` and `make test`; both set up what they need.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin

.PHONY: demo test test-oldest test-deep test-browser explorer lint docs pages bench bench-full train clean

$(VENV)/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "convax needs Python >= 3.11; try make PYTHON=python3.12")'
	@$(PYTHON) -m venv $(VENV)
	@touch $@

# One stamp file per set of extras: set-up runs again only when pyproject.toml changes.
$(VENV)/.with-%: pyproject.toml $(VENV)/.created
	@echo 'setting up $(VENV) with $* (once; a few minutes on a slow line)'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[$(subst +,$(comma),$*)]' $(JAX)
	@touch $@
comma := ,

demo: $(VENV)/.with-cli+audio+plots
	$(BIN)/convax demo

test: $(VENV)/.with-test+lint
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m pytest -n 2 --dist worksteal

# The oldest JAX that is supported, in an environment of its own.
test-oldest:
	$(MAKE) test VENV=.venv-oldest JAX='jax==0.8.1 jaxlib==0.8.1'

test-deep: $(VENV)/.with-test+lint
	$(BIN)/python -m pytest -n 2 --dist worksteal -m deep

# The explorer page in a real browser. Chromium and its driver come from the system (on Debian: apt-get install chromium
# chromium-driver); the check of accessibility needs npm too. What is missing is skipped, with its reason.
test-browser: $(VENV)/.with-test+examples+browser
	$(BIN)/python -m pytest tests/explorer -rs

# The explorer page as one file, from its parts.
explorer:
	$(PYTHON) -m explorer_page.assemble

lint: $(VENV)/.with-test+lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

# The site, into site/; a link, an anchor or a name that does not exist fails it.
docs: $(VENV)/.with-docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet
	@echo 'open site/index.html'

# All that is generated of the documentation: the command-line page, the pictures of lessons and algorithms, the
# benchmarks' page.
pages: $(VENV)/.with-cli+plots
	$(BIN)/python -m pages
	$(BIN)/python -m benchmarks.report

# What is promised, beside lax, in some minutes; fails where a bar is not reached.
bench: $(VENV)/.with-cli
	$(BIN)/python -m benchmarks

# A small network learns to tell real series apart, its training step accelerated; draws its learning curve. Of the
# package aeon only the data files are read, so its dependencies stay out.
train: $(VENV)/.with-examples
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps 'aeon>=1,<2'
	$(BIN)/python -m examples.train_ucr

# Everything, beside all rivals, in hours; stopped and started again on the same day, it goes on where it was.
bench-full: $(VENV)/.with-bench+plots+frameworks
	$(BIN)/python -m benchmarks --full
	$(BIN)/python -m benchmarks --large-pages
	$(BIN)/python -m benchmarks.models
	$(BIN)/python -m benchmarks.regret --wisdom
	$(BIN)/python -m benchmarks.report

clean:
	rm -rf $(VENV) convax-demo site
