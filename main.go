// Parcon measures which way of running many tasks wins on this machine: one
// after another, goroutines, pools, threads, threads under a global lock, an
// event loop, processes. Without arguments it measures the quick profile and
// writes a report with charts; see `parcon --help`.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"parcon/experiments/chapters"
	"parcon/experiments/child"
	"parcon/experiments/gobench"
	"parcon/experiments/remote/role"
	"parcon/experiments/testbed"
	"parcon/runner/proc"
)

func main() {
	gobench.Main()
	role.Child()
	child.Main() // neither returns if this process is a child of a run
	ends := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // as nohup has it
		ends = append(ends, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), ends...)
	context.AfterFunc(ctx, stop) // a second signal ends it at once
	code := execute(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// Exit codes.
const (
	exitDone   = 0 // all that was asked was done
	exitFailed = 1 // failed trials, unreadable data, a disk that is full
	exitUsage  = 2 // what was asked makes no sense
	exitWorse  = 3 // compare: something surely got worse by more than the threshold
)

// usageError is a mistake in what was asked.
type usageError struct{ error }

func wrongUsage(format string, args ...any) error {
	return usageError{fmt.Errorf(format, args...)}
}

// execute runs one command line and returns its exit code.
func execute(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := &cobra.Command{
		Use:   "parcon",
		Short: "Measure which way of running many tasks wins on this machine, and why",
		Long: `Parcon runs the same tasks under every execution model (serial, goroutines, pools,
threads, threads under a GIL, an event loop, processes) and writes a report.

Without a command it runs the quick profile: at most about six minutes.`,
		Example:       "  parcon                    measure, and write a report\n  parcon list               show what can be measured",
		Args:          noArguments,
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Name() == "list" || cmd.Name() == "help" { // they need no more than they have
				return nil
			}
			return testbed.Reserve(room)
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			return measure(cmd.Context(), defaultOptions(), nil, stdout, stderr)
		},
	}
	root.SuggestionsMinimumDistance = 2
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetFlagErrorFunc(wrongFlag)
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error { return nothingGiven(cmd.Flags()) }
	root.AddCommand(listCommand(stdout), doctorCommand(stdout), runCommand(stdout, stderr), lanesCommand(stdout, stderr), adviseCommand(stdout, stderr), distributeCommand(stdout, stderr), workerCommand(stderr),
		agentCommand(stdout, stderr), reportCommand(stdout, stderr), compareCommand(stdout, stderr), selfcheckCommand(stdout, stderr))
	root.SetArgs(args)
	help := &kept{Writer: stdout}
	root.SetOut(help)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil && help.err != nil {
		err = fmt.Errorf("printing the help: %w", help.err)
	}
	if err == nil {
		return exitDone
	}
	fmt.Fprintf(stderr, "parcon: %s%s\n", visible(err.Error()), wayOut(err))
	if errors.As(err, &usageError{}) {
		return exitUsage
	}
	if errors.As(err, &worseError{}) {
		return exitWorse
	}
	return exitFailed
}

// What a command needs at most; Go aborts where it gets no more.
var (
	room      = proc.Room{Threads: 10, Memory: 128 << 20, Addresses: 640 << 20, Files: 2} // a report draws on all cores
	roomOfRun = proc.Room{Threads: 32, Memory: 128 << 20, Files: 14}                      // a dozen threads, and it keeps the others at hand
)

// kept keeps the first error of a writer whose user does not look at it.
type kept struct {
	io.Writer
	err error
}

func (k *kept) Write(p []byte) (int, error) {
	n, err := k.Writer.Write(p)
	if k.err == nil {
		k.err = err
	}
	return n, err
}

// visible shows what would break a line, or move the cursor of whoever reads it: the
// names of files may hold anything.
func visible(text string) string {
	var w strings.Builder
	for _, c := range text {
		if unicode.IsControl(c) {
			w.WriteString(strings.Trim(strconv.QuoteRune(c), "'"))
			continue
		}
		w.WriteRune(c)
	}
	return w.String()
}

// wrongFlag says what is wrong with a flag, and names the nearest that there is.
func wrongFlag(cmd *cobra.Command, err error) error {
	var none *pflag.NotExistError
	var value *pflag.InvalidValueError
	switch {
	case errors.As(err, &none) && none.GetSpecifiedShortnames() == "":
		var flags []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { flags = append(flags, f.Name) })
		near := chapters.Nearest(none.GetSpecifiedName(), flags)
		if near != "" {
			return wrongUsage("%w: did you mean --%s? see --help", err, near)
		}
	case errors.As(err, &value):
		kind := map[string]string{"int": "a whole number", "uint64": "a whole number from 0", "duration": "a duration, such as 30s", "bool": "true or false"}[value.GetFlag().Value.Type()]
		return wrongUsage("--%s %q: give %s", value.GetFlag().Name, value.GetValue(), cmp.Or(kind, "another value"))
	}
	return wrongUsage("%w: see --help", err)
}

// nothingGiven refuses a flag whose value is empty or none: a script's variable was
// not set, and what it stood for was not asked for.
func nothingGiven(f *pflag.FlagSet) (err error) {
	f.Visit(func(flag *pflag.Flag) {
		if empty := flag.Value.String(); empty == "" || empty == "[]" {
			err = wrongUsage("--%s \"\": give it a value, or leave it out", flag.Name)
		}
	})
	return err
}

// wayOut says what to do about a limit of the system, wherever it was met.
func wayOut(err error) string {
	switch {
	case errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE):
		return ": raise the limit of open files with `ulimit -n`"
	case errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.ENOMEM):
		return ": raise the limit of processes (`ulimit -u`) or of memory (`ulimit -v`)"
	}
	return ""
}

func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
			return wrongUsage("there is no command %q: did you mean %q? `%s --help` shows them all", args[0], near[0], cmd.CommandPath())
		}
		return wrongUsage("there is no command %q: `%s --help` shows those that are", args[0], cmd.CommandPath())
	}
	return nil
}
