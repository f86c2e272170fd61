package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"parcon/experiments/number"
	"parcon/report"
	"parcon/results"
)

// wondering is what a user can ask of which.
type wondering struct {
	share, memory string
	task          time.Duration
	json          bool
}

func whichCommand(stdout, stderr io.Writer) *cobra.Command {
	var q wondering
	c := &cobra.Command{
		Use:   "which --cpu-share PERCENT [DIR]",
		Short: "Say which model is best for tasks like yours on this machine, by a run of it",
		Long: `Which answers from the trials of a run, in DIR or else the newest below run/: for tasks that compute for a
share of their time and wait for the rest, which model does most work in the same time, by how much, and how
sure that is. Of models that are as good it names the simplest. It measures nothing; a run with
the experiments mixing and costs, as parcon run is, holds what it takes.

The share is that of a task that runs alone: its CPU time over its time, as time(1) tells it. Between two shares
that were measured the answer rests on both. For --task shorter than those that were measured, what it
costs to hand a task over is added, which was measured apart.`,
		Example: "  parcon which --cpu-share 30%\n  parcon which --cpu-share 100% --task 50us --memory 64MB results/standard",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return wrongUsage("which answers from one run: name one folder")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return q.answer(cmd.Context(), args, cmd.Flags().Changed("task"), stdout, stderr)
		},
	}
	f := c.Flags()
	f.StringVar(&q.share, "cpu-share", "", "how much of its time a task computes when it runs alone, such as 30%")
	f.DurationVar(&q.task, "task", 0, "how long a task takes when it runs alone, such as 2ms (default: as those that were measured)")
	f.StringVar(&q.memory, "memory", "", "how much memory all of it may take, such as 64MB (default: any)")
	jsonFlag(c, &q.json)
	return c
}

func (q wondering) work(task bool) (report.Work, error) {
	if q.share == "" {
		return report.Work{}, wrongUsage("which needs to know how much of its time a task computes: --cpu-share 30%%")
	}
	w := report.Work{Length: q.task}
	var err error
	if w.Share, err = share("--cpu-share", q.share); err != nil {
		return w, err
	}
	if w.Share > 1 {
		return w, wrongUsage("--cpu-share %s: a task that runs alone computes at most 100%% of its time", q.share)
	}
	if task && q.task <= 0 {
		return w, wrongUsage("--task %v: give a duration above zero, such as 2ms", q.task)
	}
	if q.memory != "" {
		w.Memory, err = size("--memory", q.memory)
	}
	return w, err
}

func (q wondering) answer(ctx context.Context, args []string, task bool, stdout, stderr io.Writer) error {
	w, err := q.work(task)
	if err != nil {
		return err
	}
	dir := ""
	if len(args) == 1 {
		dir = args[0]
	} else if dir, err = newest("run"); err != nil {
		return err
	}
	table, err := report.ReadFile(ctx, filepath.Join(dir, trialsFile), catalogue())
	if err != nil {
		return err
	}
	if faults := append(table.Bad, table.Said...); len(faults) > 0 {
		fmt.Fprintln(stderr, "parcon:", results.FewFaults(faults))
	}
	choice, err := report.Which(table, w)
	if err != nil {
		return fmt.Errorf("choosing by %s: %w", dir, err)
	}
	if q.json {
		return printJSON(stdout, choice.Row())
	}
	if err := printUses(stdout, choice); err != nil {
		return fmt.Errorf("printing the choice: %w", err)
	}
	return nil
}

// newest is the folder below another that holds the newest run.
func newest(below string) (string, error) {
	found, err := filepath.Glob(filepath.Join(below, "*", trialsFile))
	var dir string
	var at time.Time
	for _, path := range found {
		info, err := os.Stat(path)
		if err == nil && info.ModTime().After(at) {
			dir, at = filepath.Dir(path), info.ModTime()
		}
	}
	if dir == "" {
		return "", errors.Join(err, fmt.Errorf("looking for a run to answer from: there is none below %s: name its folder, or measure one with `parcon run mixing costs`", below))
	}
	return dir, nil
}

func printUses(out io.Writer, c report.Choice) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "model\tworkers\twork over serial\tthe best one's over it\tmemory\tplace")
	for _, r := range c.Rivals {
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\t%s\n", r.Model, r.Workers, r.Gain.In(number.Times), r.Behind.In(number.Times), number.Mebibytes(r.Memory), r.Place)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "\n%s.\n%s.\n", sentence(c.Basis()), c)
	return err
}

// sentence begins a text with a capital.
func sentence(text string) string { return strings.ToUpper(text[:1]) + text[1:] }
