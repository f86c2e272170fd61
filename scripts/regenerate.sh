#!/usr/bin/env bash
# Measures a profile and publishes it in results/: scripts/regenerate.sh [quick|standard|full]
# Close everything else first; other work on the machine is in the numbers.
set -euo pipefail
cd "$(dirname "$0")/.."
profile=${1:-standard}
dir=run/$profile-$(date +%Y-%m-%d-%H%M%S)
mkdir -p run
go build -o run/parcon .
# What a restless machine says is not worth publishing; ANYWAY=1 does so all the same.
[ -n "${ANYWAY:-}" ] || run/parcon doctor --strict
flock run/lock run/parcon run --profile "$profile" --out "$dir"
scripts/publish.sh "$dir" "$profile"
