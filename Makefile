# Every target installs what is missing first (tools/setup.sh); a finished set-up costs nothing.
# ARGS passes words on: make demo ARGS="--transfers 20 --chain ganache"
.PHONY: demo bench test nightly lint check types seal sizes setup uninstall help
.DEFAULT_GOAL := help

help:
	@echo "make demo       four chains, two gateways, a relay chain: 100 transfers, then a picture"
	@echo "make bench      committed transfers per second, latency, the price of isolation"
	@echo "make test       types, lint, dependency rules, unit and whole-gateway tests"
	@echo "make nightly    the same and the long tests"
	@echo "make check      types, lint and dependency rules only (make lint: without types)"
	@echo "make sizes      code and packages per domain"
	@echo "make seal       write the integrity manifest anew after a change of the code"
	@echo "make uninstall  remove everything the set-up added"

setup:
	@tools/setup.sh

demo: setup
	@./crossguardian demo $(ARGS)

bench: setup
	@./crossguardian bench $(ARGS)

test: setup
	@tools/run node tools/test.ts $(ARGS)

nightly: setup
	@tools/run node tools/test.ts --nightly $(ARGS)

types: setup
	@tools/run node tools/test.ts --only types

lint: setup
	@tools/run node tools/test.ts --only lint,dependencies

check: setup
	@tools/run node tools/test.ts --only types,lint,dependencies

sizes: setup
	@tools/run node tools/sizes.ts

seal: setup
	@tools/run node host/boot/src/main.ts seal

uninstall:
	@tools/uninstall.sh
