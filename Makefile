# Every target installs what is missing first (tools/setup.sh); a finished set-up costs nothing.
# ARGS passes words on: make demo ARGS="--transfers 20 --chain ganache"
.PHONY: demo images bench chaos test test-xen test-xen-driver nightly model lint check types seal sizes setup uninstall help
.DEFAULT_GOAL := help

help:
	@echo "make demo       four chains, two gateways, a relay chain: 100 transfers, then a picture"
	@echo "make bench      committed transfers per second, latency, the price of isolation"
	@echo "make chaos      kills and faults under load, from a seed; chains and relay log judge"
	@echo "make test       types, lint, dependency rules, unit and whole-gateway tests"
	@echo "make nightly    the same, the model, the long tests and Xen"
	@echo "make test-xen   boots real Xen in QEMU: a gateway in three DomUs, and a hostile DomU beside it"
	@echo "make test-xen-driver  one domain in a DomU: pause, cap, memory, refusals; and the contract suite of the drivers (part of nightly, too)"
	@echo "make model      search the model of the protocol with spin (installs spin and gcc)"
	@echo "make check      types, lint and dependency rules only (make lint: without types)"
	@echo "make images     kernel and images of virtual machines, reproducibly"
	@echo "make sizes      code and packages per domain"
	@echo "make seal       write the integrity manifest anew after a change of the code"
	@echo "make uninstall  remove everything the set-up added"

# Drivers named in ARGS need packages of their own.
DRIVERS := $(foreach driver,gvisor vm,$(if $(or $(findstring isolation $(driver),$(ARGS)),$(findstring =$(driver),$(ARGS))),$(driver)))

setup:
	@tools/setup.sh $(DRIVERS)

demo: setup
	@./crossguardian demo $(ARGS)

bench: setup
	@./crossguardian bench $(ARGS)

chaos: setup
	@./crossguardian chaos $(ARGS)

test:
	@tools/setup.sh gvisor token vm
	@tools/run node tools/test.ts $(ARGS)

nightly:
	@tools/setup.sh gvisor token vm xen
	@tools/run node tools/test.ts --nightly $(ARGS)

test-xen:
	@tools/setup.sh xen
	@tools/run node --test --test-reporter spec e2e/xen/house.test.ts

test-xen-driver:
	@tools/setup.sh xen
	@tools/run node --test --test-reporter spec e2e/xen/xen.test.ts

# spin and a C compiler are needed for this target only, so they are no part of the set-up.
model:
	@tools/setup.sh model
	@tools/run node tools/model.ts $(ARGS)

types: setup
	@tools/run node tools/test.ts --only types

lint: setup
	@tools/run node tools/test.ts --only lint,dependencies

check: setup
	@tools/run node tools/test.ts --only types,lint,dependencies

images:
	@tools/setup.sh vm
	@tools/run node tools/make-images.ts --again $(ARGS)

sizes: setup
	@tools/run node tools/sizes.ts

seal: setup
	@tools/run node host/boot/src/main.ts seal

uninstall:
	@tools/uninstall.sh
