#!/usr/bin/env bash
# Runs the go test suite and compares the models with benchstat:
# scripts/bench.sh ['Compute/workload=primes'] [further go test flags]
set -euo pipefail
cd "$(dirname "$0")/.."
pattern=${1:-.}
shift || true
mkdir -p run
go test -run '^$' -bench "$pattern" -short -count 6 -benchtime 80x "$@" ./experiments | tee run/bench.txt
go tool benchstat -col /model -row /workload,/cpu,/workers -filter '.unit:(ns/op OR cores-busy OR in-flight OR peak-rss-bytes)' run/bench.txt
