# Put `include parcon.mk` into your Makefile, then:
#
#	make bench-compare                    is this tree slower than main?
#	make bench-compare VS=v1.2.0 BENCH=Parse
PARCON    ?= parcon
PACKAGES  ?= ./...
BENCH     ?= .
VS        ?= main
THRESHOLD ?= 3%
FLAGS     ?= --budget 15m

.PHONY: bench-compare
bench-compare:
	$(PARCON) bench $(PACKAGES) --bench '$(BENCH)' --vs $(VS) --threshold $(THRESHOLD) $(FLAGS)
