# The front door. Each target works on a fresh Debian 12, as root or with sudo, installs what it
# needs, and is quick when repeated.
#
#   make run        build the release binary and start the broker on .orloj/data
#   make demo       a 20-second tour: plain and scheduled records through kcat
#   make test       the gate: unit tests under sanitizers, the rules of the house, real clients
#   make test-full  the gate, then thread sanitizer, long variants and fuzzing
#   make build      build/release/orloj
#   make bench      small benchmarks, and Orloj beside the real Kafka (docs/performance.md)
#   make format     format all C++ files
#   make tidy       clang-tidy over the whole tree
#   make clean      remove build/ (not the data directory)

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

JOBS ?= $(shell nproc)
DATA_DIR ?= $(CURDIR)/.orloj/data
FUZZ_SECONDS ?= 10
SUPPORT := tests/support
BINARY := $(CURDIR)/build/release/orloj
CTEST := ctest --output-on-failure --no-tests=error -j $(JOBS)

.PHONY: help
help:
	@sed -n 's/^#   //p' Makefile

.PHONY: packages-build packages-test packages-full test-clients
packages-build:
	@$(SUPPORT)/install_packages.sh $(SUPPORT)/packages-build.txt
packages-test:
	@$(SUPPORT)/install_packages.sh $(SUPPORT)/packages-build.txt $(SUPPORT)/packages-test.txt
packages-full:
	@$(SUPPORT)/install_packages.sh $(SUPPORT)/packages-{build,test,full}.txt
test-clients: packages-test
	@$(SUPPORT)/fetch_kafka_jars.sh
	$(SUPPORT)/make_venv.sh
	$(SUPPORT)/fetch_node_clients.sh node

.PHONY: build
build: packages-build
	@$(SUPPORT)/build.sh release orloj

.PHONY: run
run: build
	@mkdir -p $(DATA_DIR)
	$(SUPPORT)/say_hello.sh
	exec $(BINARY) serve --data-dir $(DATA_DIR)

.PHONY: demo
demo: build
	@exec $(SUPPORT)/demo.sh $(BINARY)

.PHONY: prepare-test
prepare-test: test-clients
	@$(SUPPORT)/build.sh release orloj
	$(SUPPORT)/build.sh asan-ubsan all -DORLOJ_E2E=ON -DORLOJ_BINARY=$(BINARY)

.PHONY: test
test: prepare-test
	@cd build/asan-ubsan
	exec $(CTEST) -LE full

.PHONY: test-full
test-full: packages-full prepare-test
	@$(SUPPORT)/fetch_node_clients.sh node_full
	$(SUPPORT)/build_go_clients.sh
	$(SUPPORT)/build.sh tsan all -DORLOJ_E2E=ON -DORLOJ_BINARY=$(BINARY)
	$(SUPPORT)/build.sh fuzz all
	$(SUPPORT)/run_fuzz.sh build/fuzz $(FUZZ_SECONDS)
	export TSAN_OPTIONS=suppressions=$(CURDIR)/$(SUPPORT)/tsan_suppressions.txt:halt_on_error=1:history_size=7
	(cd build/tsan && $(CTEST) -L 'unit|sanitized')
	cd build/asan-ubsan
	exec $(CTEST)

.PHONY: bench
bench: packages-test
	@$(SUPPORT)/fetch_kafka_jars.sh
	$(SUPPORT)/make_venv.sh
	$(SUPPORT)/build.sh release orloj
	$(SUPPORT)/build.sh release benchmarks
	$(SUPPORT)/run_bench.sh build/release/bench
	exec .cache/venv/bin/python -B bench/compare.py

.PHONY: format
format: packages-full
	@git ls-files -z -- '*.cc' '*.h' | xargs -0 -r clang-format-16 -i

.PHONY: tidy
tidy: packages-full
	@$(SUPPORT)/build.sh tidy all
	run-clang-tidy-16 -quiet -p build/tidy -j $(JOBS) "^$(CURDIR)/(protocol|log|scheduler|coordinator|config|broker)/"

.PHONY: clean
clean:
	@rm -rf build
