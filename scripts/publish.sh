#!/usr/bin/env bash
# Copies a run's raw trials to results/NAME and makes its report there:
# scripts/publish.sh run/2026-01-31-120000 NAME
set -euo pipefail
cd "$(dirname "$0")/.."
from=$1 to=results/$2
rm -rf "$to"
mkdir -p "$to"
cp "$from/trials.txt" "$to/"
[ ! -e "$from/lanes.txt" ] || cp "$from/lanes.txt" "$to/"
go run . report "$to"
