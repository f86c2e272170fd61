package main

import (
	_ "embed"
	"strings"

	"github.com/spf13/cobra"
)

// topics are what `parcon help` explains besides the commands.
func topics() []*cobra.Command {
	var all []*cobra.Command
	for _, t := range []struct{ name, short, text string }{
		{"exit-codes", "What the exit code of a command says", exitCodes},
		{"verdicts", "How to read a verdict, and how sure it is", verdicts},
		{"files", "What a run keeps, where, and in which format", files},
		{"noise", "What spoils a measurement, and what to do", noise},
		{"ci", "A GitHub Actions workflow and a Makefile target", ciHelp()},
	} {
		// cobra takes a command that runs nothing for a topic.
		all = append(all, &cobra.Command{Use: t.name, Short: t.short, Long: t.text})
	}
	return all
}

const exitCodes = `Exit codes of parcon:

  0  all that was asked was done
  1  something failed: trials, a benchmark, unreadable data, a disk that is full
  2  what was asked makes no sense: a flag, a name, a file that is none
  3  compare and bench: something surely got worse by more than --threshold

A run that Ctrl-C stops leaves a valid report of what is certain so far, and ends with 1. doctor ends with 0 whatever
it finds, unless --strict is given. What is not decided is no failure: a run ends with 0 though claims are open.
go run turns every code but 0 into 1: a script builds parcon and calls that.`

const verdicts = `A verdict is holds, refuted, undecided or not measured.

Each claim states a bound before anything runs, by its words: faster or more is any ratio above 1, much at least 2, far at
least 5, no faster at most 1.05, as well within 10 %. A claim holds when the evidence for each of its comparisons
reaches the odds, and is refuted when the evidence against one does.

Evidence is the sign test as a bet: after every round one may look, and the chance that odds of x to 1 are ever reached
where there is nothing to find is at most 1 in x. With m claims asked a verdict takes 20 m to 1, so that at most one
report in twenty holds any wrong verdict, as far as noise is the cause. --odds asks for others.

An interval has 95 % for its comparison alone, whenever one looks. The thin one beside it is sure together with all
others of the report. Undecided is an answer: the report says how far the evidence is, and what would decide.
What every run also does to catch itself: it measures some variants twice under two names. If it calls too many of them
different, its report withholds all verdicts.`

const files = `A run makes a folder, --out or run/ and the time, with

  trials.txt     every trial, one line each, in the Go benchmark format; benchstat reads it
  report.html    the report in one file, for any browser
  report.md      the same as Markdown
  verdicts.json  the verdicts for programs
  charts/        every chart as SVG and PNG
  lanes.txt      who ran when in a few traced runs; only of a run of all experiments

trials.txt is written line by line and holds all that a report says: parcon report DIR makes the report again, parcon
compare A B tells what changed, parcon run --resume DIR goes on. advise and bench keep nothing unless --out is given.

Programs for trials are built once into the user's cache folder (XDG_CACHE_HOME, else ~/.cache, else the folder for temporary
files) if the go command is there and parcon is started in the folder of its source. Elsewhere parcon is its own program
for trials: processes start more slowly then and take more memory, and the report says so.

Variables: PARCON_PYTHON names a CPython, PARCON_KEY the key of a fleet or queue.`

const noise = `Close what else runs. parcon doctor says what is wrong with a machine for measuring and what to do; look before each run.

What other programs, the hypervisor or heat do is in the numbers. Parcon measures what it compares in the same round, in
random order, close together, and compares rounds: slow spells cancel out. What disturbs only one of two variants
does not: a neighbour on one of two cores hits what uses both of them. Each trial's line holds what the system saw meanwhile:
time that was stolen, throttled or waited for a core, load by others, frequency. Now and then, for a hundredth of its time, a run repeats the same work between trials: if that wavers,
the report calls the machine restless, and parcon doctor DIR says it too. The report shows its numbers with and
without the trials that were disturbed.

A laptop on battery, a virtual machine with neighbours and a container with a quota can still be measured: more is left
undecided, and nothing is made up.`

//go:embed scripts/ci/benchmarks.yml
var workflow string

//go:embed scripts/ci/parcon.mk
var makefile string

func ciHelp() string {
	indent := func(text string) string {
		return "  " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n  ")
	}
	return "A workflow for GitHub Actions, .github/workflows/benchmarks.yml:\n\n" + indent(workflow) +
		"\n\nA target for make, parcon.mk:\n\n" + indent(makefile) +
		"\n\nBoth are files of parcon's source, in scripts/ci. A shared runner is restless: what it leaves undecided is no" +
		"\nfailure, and what it calls slower is. parcon help exit-codes says how a command ends."
}
