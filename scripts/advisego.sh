#!/usr/bin/env bash
# Asks parcon for the model of functions whose best one is known, again and again, on the quiet
# machine and beside a program that computes, and counts how often it is right and how long it
# takes: scripts/advisego.sh [RUNS] [FUNCTION]... Five runs take a quarter of an hour.
set -euo pipefail
cd "$(dirname "$0")/.."
runs=${1:-5}
shift || true
cores=$(nproc)
dir=$(mktemp -d)
trap 'rm -rf "$dir"; [ -z "${load:-}" ] || kill "$load"' EXIT
go build -o "$dir/parcon" .
mkdir -p "$dir/mod/work"
cd "$dir/mod"
cat >go.mod <<'END'
module example.com/planted

go 1.20
END
cat >work/work.go <<'END'
package work

import (
	"sync"
	"time"
)

func spin(n, turns int) uint64 {
	x := uint64(n)
	for i := 0; i < turns; i++ {
		x = x*6364136223846793005 + 1442695040888963407
	}
	return x
}

const someMilliseconds = 2_000_000 // turns

func Computes(n int) (uint64, error) { return spin(n, someMilliseconds), nil }

func Waits(n int) (int, error) { time.Sleep(5 * time.Millisecond); return n, nil }

var mu sync.Mutex

func Locks(n int) (uint64, error) {
	mu.Lock()
	defer mu.Unlock()
	return spin(n, someMilliseconds), nil
}

func Mixes(n int) (uint64, error) {
	time.Sleep(6 * time.Millisecond)
	return spin(n, someMilliseconds), nil
}

func Skips(n int) error {
	if !mu.TryLock() {
		return nil
	}
	defer mu.Unlock()
	spin(n, someMilliseconds)
	return nil
}

var count int

func Races(n int) error {
	count++
	spin(n, someMilliseconds)
	return nil
}
END

# A function: its name, a pattern of what is right in the answer, "MODEL WORKERS: SENTENCE".
# What computes gains as much from each model that uses all cores. What mixes has work for a core
# in a quarter of its time or more: three workers for each core are too few, and many do no harm.
uses="(goroutine|pool|thread|process-pool)"
functions=(
	"Computes|^$uses $cores:"
	"Waits|^(goroutine|pool|loop|thread) (5[6-9]|6[0-4]):"
	"Locks|^(process-pool|process) $cores:"
	"Mixes|^$uses ($((4 * cores))|$((8 * cores))|$((16 * cores))|$((32 * cores))):"
	"Skips|: not safe: .* leave work out"
	"Races|: not safe: the race detector reports"
)

# ask has one function judged once: right, or what was said.
ask() {
	local answer said
	answer=$(timeout 180 "$dir/parcon" advise --json --go "./work.$1" </dev/null 2>/dev/null) || { echo "nothing"; return; }
	said="$(sed -n 's/^ *"model": "\(.*\)",/\1/p' <<<"$answer" | head -1) $(sed -n 's/^ *"workers": \([0-9]*\).*/\1/p' <<<"$answer" | head -1): $(sed -n 's/^ *"sentence": "\(.*\)",/\1/p' <<<"$answer")"
	if grep -qE "$2" <<<"$said"; then echo right; else echo "$said"; fi
}

for beside in nothing load; do
	load=
	[ $beside = nothing ] || { sh -c 'while :; do :; done' & load=$!; }
	for function in "${functions[@]}"; do
		IFS='|' read -r name _ <<<"$function"
		(($#)) && [[ " $* " != *" $name "* ]] && continue
		right=0 longest=0
		for ((n = 0; n < runs; n++)); do
			start=$(date +%s)
			got=$(ask "$name" "${function#*|}")
			took=$(($(date +%s) - start))
			((took > longest)) && longest=$took
			if [ "$got" = right ]; then right=$((right + 1)); else echo "  $got"; fi
		done
		echo "$name beside $beside: $right of $runs right, at most $longest s"
	done
	[ -z "$load" ] || { kill "$load"; load=; }
done
