# Few verbs; anything longer than a line lives in xtask or tests/.
.PHONY: demo test bench oracle eval fuzz fmt gen run ui

# Build, read the sample captures, print the four answers, write the page.
demo:
	@cargo run --quiet --profile quick --package xtask -- demo

# The web page, which the program carries when it is built afterwards.
ui:
	@ui/build

# Install what the tests need, then run all of them.
test:
	@tests/run

# Speed and memory, as ratios in one run; see bench/README.md.
bench:
ifeq ($(filter history hub,$(PART)),)
	@cargo build --quiet --release --package medwarden --package bench
	@cargo run --quiet --release --package bench -- $(if $(PART),only $(PART))
endif
ifeq ($(PART),history)
	@cargo run --quiet --profile quick --package lake --example bench
endif
ifeq ($(PART),hub)
	@cargo run --quiet --profile quick --package hub --example bench
endif

# Compare with tshark, protocol by protocol, over the captures beside the checkout.
oracle:
	@cargo run --quiet --package xtask -- oracle

# Play a community hospital's day through the whole chain and compare with its truth; then with the labels of known devices.
eval:
	@cargo run --quiet --package xtask -- eval

# Fuzz every decoder for FUZZ_SECONDS each.
fuzz:
	@fuzz/run

# Write again everything that is generated: schema, man pages, completions, cases, manual pages.
gen:
	@cargo run --quiet --package xtask -- pages
	@cargo run --quiet --package xtask -- cases

fmt:
	@cargo fmt --all

run:
	@cargo run --package medwarden -- inspect $(ARGS)
