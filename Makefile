# Everything needs `make setup` first, and calls it. `make help` lists the targets.
BIN := .venv/bin

.PHONY: help setup demo test lint bench lock samples clean

help: ## List the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST)

setup: ## Make .venv with the locked packages, and fetch Prometheus; quick when nothing changed
	@python3 tools/setup.py

demo: setup ## Render the demo stack and replay the sample logs
	$(BIN)/loyalty-monitoring render --stack demo --out rendered
	$(BIN)/loyalty-monitoring replay --stack demo samples/*.jsonl.gz

test: setup ## Run all tests
	$(BIN)/pytest

lint: setup ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: setup ## Measure replay beside a plain Python loop
	$(BIN)/python -m bench

lock: setup ## Pin the newest versions that fit pyproject.toml (needs uv)
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-header --upgrade --quiet --output-file requirements.lock

samples: setup ## Make the sample logs again
	$(BIN)/python -m samples.generate --out samples

clean: ## Remove what setup and the commands made
	rm -rf .venv .local .work rendered
