#!/usr/bin/env bash
# Asks parcon for advice on commands whose law is known, again and again, on the quiet machine
# and beside a program that computes, and counts how often it is right, how often it says that it
# cannot tell, and how long it takes: scripts/advise.sh [RUNS] [LAW]... Twenty runs take two hours.
set -euo pipefail
cd "$(dirname "$0")/.."
runs=${1:-20}
shift || true
cores=$(nproc)
dir=$(mktemp -d)
trap 'rm -rf "$dir"; [ -z "${load:-}" ] || kill "$load"' EXIT
go build -o "$dir/parcon" .

# spin computes for about 100 ms; how many turns that takes is found first.
spin='i=0; while [ $i -lt TURNS ]; do i=$((i+1)); done'
start=$(date +%s%N); sh -c "${spin/TURNS/200000}"; took=$(( ($(date +%s%N) - start) / 1000000 ))
spin=${spin/TURNS/$(( 200000 * 100 / (took > 0 ? took : 1) ))}

# A law: its name, the numbers that are right from and to, flags, the command. Of a share of 30 %
# under a lock 10/3 workers would do: 4 are right, and 5 do no harm. Beyond 2, each of N workers
# sleeps N times as long: it counts those that were started beside it.
slower='set -- $(cat /proc/$PPID/task/*/children); [ $# -gt 2 ] || exec sleep 0.1; exec sleep ${#}e-1'
fails='for n in 1 2 3; do exec 9>>$0/slot$n; flock -n 9 && exec sleep 0.1; done; echo too many >&2; exit 1'
laws=(
	"sleep|56|64||sleep 0.1"
	"lock|4|5||sh -c 'sleep 0.07; exec flock \$0 sleep 0.03' $dir/lock"
	"cpu|$cores|$cores||sh -c '$spin'"
	"memory|2|2|--max-memory 250MB|sh -c 'dd if=/dev/zero of=/dev/null bs=100M count=1 2>/dev/null; sleep 0.05'"
	"fails|3|3||sh -c '$fails' $dir"
	"slower|2|2||sh -c '$slower'"
)

# ask runs one law once: right, doubt (what is right is among what it cannot tell) or wrong.
ask() {
	local from=$1 to=$2 flags=$3 command=$4 answer
	answer=$(eval "timeout 120 $dir/parcon advise --json $flags -- $command" </dev/null 2>/dev/null) || { echo wrong; return; }
	local advised also
	advised=$(sed -n 's/^  "workers": \([0-9]*\),/\1/p' <<<"$answer")
	also=$(sed -n '/^  "or": \[/,/\]/s/[^0-9]*\([0-9]*\).*/\1/p' <<<"$answer" | xargs)
	if ((advised >= from && advised <= to)); then echo right; return; fi
	for n in $also; do ((n >= from && n <= to)) && { echo doubt; return; }; done
	echo "wrong: $(sed -n 's/^  "sentence": //p' <<<"$answer")"
}

for beside in nothing load; do
	load=
	[ $beside = nothing ] || { sh -c 'while :; do :; done' & load=$!; }
	for law in "${laws[@]}"; do
		IFS='|' read -r name from to flags command <<<"$law"
		(($#)) && [[ " $* " != *" $name "* ]] && continue
		right=0 doubt=0 longest=0
		for ((n = 0; n < runs; n++)); do
			start=$(date +%s)
			got=$(ask "$from" "$to" "$flags" "$command")
			took=$(($(date +%s) - start))
			((took > longest)) && longest=$took
			case $got in
			right) right=$((right + 1)) ;;
			doubt) doubt=$((doubt + 1)) ;;
			*) echo "  $got" ;;
			esac
		done
		echo "$name beside $beside: $right of $runs right, $doubt told as doubt, at most $longest s"
	done
	[ -z "$load" ] || { kill "$load"; load=; }
done
