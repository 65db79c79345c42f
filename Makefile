# Each target calls the set-up that it needs. `make help` lists the targets.
BIN := .venv/bin
# Another Python for .venv, such as python3.12.
PYTHON ?= python3

# Images of Python often forbid to write bytecode, and set-up leaves it to the first use: without it each command takes a
# second longer.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help packages setup develop browser demo test coverage lint audit mutants preview deploy bench ratios torture \
    lock upgrade wheels changes example gcloud generated figures screenshots samples clean

help: ## List the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST)

packages: ## Make .venv with what runs the program and the commands: enough to deploy and verify
	@$(PYTHON) tools/setup.py --packages

setup: ## That, and Prometheus: enough to replay, prove and report; quick when nothing changed [under a minute once packages are cached]
	@$(PYTHON) tools/setup.py

develop: ## That, what develops and tests the project, and a Redis server
	@$(PYTHON) tools/setup.py --develop

browser: ## That, and the browser that the tests of the report open
	@$(PYTHON) tools/setup.py --browser

demo: setup ## Render the demo stack, replay the sample logs and draw them [2 min on busy cores]
	$(BIN)/loyalty-monitoring render --stack demo --out rendered
	$(BIN)/loyalty-monitoring replay --stack demo samples/*.jsonl.gz
	$(BIN)/loyalty-monitoring report --stack demo samples/*.jsonl.gz --out report

test: browser ## Run all tests [10 to 12 min on 2 cores]
	$(BIN)/pytest --numprocesses 4 --dist loadfile --no-loadscope-reorder

coverage: browser ## Run all tests, and show which lines they miss
	$(BIN)/pytest --numprocesses 4 --dist loadfile --no-loadscope-reorder --cov --cov-report=term

lint: develop ## Check style, types, workflows and definitions [up to 5 min on busy cores, set-up included]
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.dependabot .github/dependabot.yml
	$(BIN)/zizmor --offline --quiet --persona auditor .github
	$(BIN)/loyalty-monitoring lint

audit: develop ## Ask PyPI whether a locked package has a known vulnerability (needs the network)
	$(BIN)/pip-audit --strict --disable-pip --require-hashes --requirement requirements.lock --requirement requirements-dev.lock

mutants: setup ## Make every definition wrong in one place at a time; the cases must notice [5 min on 2 cores]
	$(BIN)/loyalty-monitoring mutants

example: develop ## Try the wheel in an empty environment, with the project of examples/second_project [1 min]
	@python3 tools/try_wheel.py

gcloud: setup ## Hold every gcloud command of the pages against the parser of the gcloud that is installed [4 min]
	$(BIN)/python tools/try_gcloud.py

changes: ## Add, rename and remove an alert, a metric and a dashboard in a copy, and run all tests there [15 min on 2 cores]
	@python3 tools/try_changes.py

preview: packages ## Say what was changed by hand since the last deployment of STACK, and what a deployment would do
	pulumi refresh --preview-only --diff --non-interactive --stack $(STACK)
	pulumi preview --refresh --diff --non-interactive --stack $(STACK)

deploy: packages ## Deploy STACK, and ask Google Cloud whether it is there
	$(BIN)/python tools/pending_operations.py $(STACK)
	pulumi up --refresh --yes --continue-on-error --non-interactive --stack $(STACK)
	pulumi stack output --json --stack $(STACK) | $(BIN)/loyalty-monitoring verify --stack $(STACK) --outputs -

bench: develop ## Measure the commands by size, beside a plain Python loop, and write docs/figures.md [4 min on 2 cores]
	$(BIN)/python -m bench

ratios: develop ## Fail where a command got slower by half beside a plain Python program that reads the same [2 min]
	$(BIN)/python -m bench --check

torture: develop ## Run every command over hostile files and under faults, for MINUTES (30); goes on where it was
	$(BIN)/python -m tests.torture --seed $(or $(SEED),1) --minutes $(or $(MINUTES),30)

lock: develop ## Pin what pyproject.toml newly names, leave every other pin, and say which wheels are missing (needs uv)
	$(BIN)/python tools/lock.py

upgrade: develop ## Pin the newest versions that fit, of all packages or of PACKAGES="a b" (needs uv)
	$(BIN)/python tools/lock.py --upgrade $(PACKAGES)

wheels: develop ## Ask the index on which Pythons and machines each locked package can be installed (needs the network)
	$(BIN)/python tools/wheels.py

generated: develop ## Write what is made from log_events.yaml and Google's messages: the contract's page, schemas, functions; and the list of rules
	$(BIN)/python -m loyalty_monitoring.google_cloud.json_schemas
	$(BIN)/python tools/telemetry_events.py
	$(BIN)/python -m loyalty_monitoring.checks.lint.index

figures: develop ## Measure what is proven and how fast it is, and write docs/figures.md
	$(BIN)/python tools/figures.py
	$(BIN)/python -m bench

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
