# Everything needs `make setup` first, and calls it. `make help` lists the targets.
BIN := .venv/bin

.PHONY: help setup browser demo test coverage lint audit mutants preview deploy bench torture lock example screenshots samples clean

help: ## List the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST)

setup: ## Make .venv with the locked packages, and fetch Prometheus and Redis; quick when nothing changed
	@python3 tools/setup.py

browser: setup ## Fetch the browser that the tests of the report open
	@python3 tools/setup.py --browser

demo: setup ## Render the demo stack, replay the sample logs and draw them
	$(BIN)/loyalty-monitoring render --stack demo --out rendered
	$(BIN)/loyalty-monitoring replay --stack demo samples/*.jsonl.gz
	$(BIN)/loyalty-monitoring report --stack demo samples/*.jsonl.gz --out report

test: browser ## Run all tests
	$(BIN)/pytest --numprocesses 2 --dist loadfile

coverage: browser ## Run all tests, and show which lines they miss
	$(BIN)/pytest --numprocesses 2 --dist loadfile --cov --cov-report=term

lint: setup ## Check style, types, workflows and definitions
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.dependabot .github/dependabot.yml
	$(BIN)/zizmor --offline --quiet --persona auditor .github
	$(BIN)/loyalty-monitoring lint

audit: setup ## Ask PyPI whether a locked package has a known vulnerability (needs the network)
	$(BIN)/pip-audit --strict --disable-pip --require-hashes --requirement requirements.lock

mutants: setup ## Make every definition wrong in one place at a time; the cases must notice (two minutes)
	$(BIN)/loyalty-monitoring mutants

example: setup ## Try the wheel in an empty environment, with the project of examples/second_project
	@python3 tools/try_wheel.py

preview: setup ## Say what a deployment of STACK would change
	pulumi preview --diff --non-interactive --stack $(STACK)

deploy: setup ## Deploy STACK, and ask Google Cloud whether it is there; can be run again
	pulumi up --yes --refresh --non-interactive --stack $(STACK)
	$(BIN)/loyalty-monitoring verify --stack $(STACK)

bench: setup ## Measure replay beside a plain Python loop
	$(BIN)/python -m bench

torture: setup ## Run every command over hostile files and under faults, for MINUTES (30); goes on where it was
	$(BIN)/python -m tests.torture --seed $(or $(SEED),1) --minutes $(or $(MINUTES),30)

lock: setup ## Pin the newest versions that fit pyproject.toml (needs uv)
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-header --upgrade --quiet --output-file requirements.lock

screenshots: browser ## Make the pictures of the README again
	$(BIN)/loyalty-monitoring report --stack demo samples/*.jsonl.gz --out report
	$(BIN)/python tools/screenshots.py report docs/images

samples: setup ## Make the sample logs again
	$(BIN)/loyalty-monitoring simulate --start 2026-11-02 --days 8 --merchants 10 --stores 38 --seed 20261102 \
	    --fault apple_unreachable@T+1d13h50m/30m \
	    --fault expiration_retried@T+2d02h55m \
	    --fault other_modules_break@T+3d10h \
	    --fault enrollment_sign_removed@T+3d/2d10h \
	    --fault expiration_fails@T+5d02h55m/8h5m \
	    --fault wallet_outage@T+5d8h45m \
	    --fault smtp_down@T+5d13h \
	    --fault reporter_down@T+5d14h5m \
	    --fault request_flood@T+5d17h42m \
	    --fault regulars_stay_away@T+5d17h \
	    --fault apple_certificate@T+5d18h45m \
	    --out samples/

clean: ## Remove what setup and the commands made
	rm -rf .venv .local .work rendered report
