#!/usr/bin/env bash
# Measures how often parcon itself is wrong on this machine, and publishes it in
# results/selfcheck: about 20 minutes. Close everything else first.
set -euo pipefail
cd "$(dirname "$0")/.."
dir=run/selfcheck-$(date +%Y-%m-%d-%H%M%S)
mkdir -p run
go build -o run/parcon .
# What a restless machine says is not worth publishing; ANYWAY=1 does so all the same.
[ -n "${ANYWAY:-}" ] || run/parcon doctor --strict
flock run/lock run/parcon selfcheck --comparisons 600 --tries 100 --out "$dir"
scripts/publish.sh "$dir" selfcheck
