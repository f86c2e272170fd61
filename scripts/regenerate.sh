#!/usr/bin/env bash
# Measures a profile and publishes it in results/: scripts/regenerate.sh [quick|standard|full] [FLAG of run]...
# Close everything else first; other work on the machine is in the numbers.
set -euo pipefail
cd "$(dirname "$0")/.."
profile=${1:-standard}
shift || true # the profile, if there is one
dir=run/$profile-$(date +%Y-%m-%d-%H%M%S)
mkdir -p run
go build -o run/parcon .
# What a restless machine says is not worth publishing, whether it is restless before, during
# or after; ANYWAY=1 publishes it all the same.
calm() { [ -n "${ANYWAY:-}" ] || run/parcon doctor --strict "$@"; }
calm
flock run/lock run/parcon run --profile "$profile" --out "$dir" "$@"
if ! calm "$dir" || ! calm; then
  echo "not published: the machine was restless; the run is in $dir; \`scripts/publish.sh $dir $profile-restless\` publishes it as what it is" >&2
  exit 1
fi
scripts/publish.sh "$dir" "$profile"
