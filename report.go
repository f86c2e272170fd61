package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"parcon/experiments/chapters"
	"parcon/experiments/tasks/model"
	"parcon/report"
	"parcon/results"
)

func reportCommand(stdout, stderr io.Writer) *cobra.Command {
	var out string
	print := printer{out: stdout}
	c := &cobra.Command{
		Use:   "report DIR...",
		Short: "Make the report of a run again from its trials, or of several runs side by side",
		Long: `Report makes the report of a run again from its trials. Of several folders, of several
machines or of several runs on one, it makes one report that puts them side by side: what they
are, which claims hold where, and their curves. What a run leaves open is no difference.`,
		Example: `  parcon report results/standard --out /tmp/report
  parcon report fleet/host1 fleet/host2 --out /tmp/both`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return wrongUsage("report needs a folder that holds %s: `parcon report DIR`", trialsFile)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				if err := apart(args, out); err != nil {
					return err
				}
				return writeTogether(cmd.Context(), args, out, print, stderr)
			}
			if out == "" {
				out = args[0]
			}
			return writeReport(cmd.Context(), args[0], out, print, stderr)
		},
	}
	c.Flags().StringVar(&out, "out", "", "folder for the report (default: DIR; of several folders it must be named)")
	jsonFlag(c, &print.json)
	return c
}

// apart refuses to put a folder beside itself, or a report over that of one of them.
func apart(dirs []string, out string) error {
	if out == "" {
		return wrongUsage("report on %d folders needs a folder of its own: `parcon report %s --out DIR`", len(dirs), strings.Join(dirs, " "))
	}
	seen := map[string]bool{}
	for _, dir := range dirs {
		whole := absolute(dir)
		if seen[whole] {
			return wrongUsage("%s is named twice: name each folder once", dir)
		}
		seen[whole] = true
	}
	if seen[absolute(out)] {
		return wrongUsage("--out %s: its own report is there: name another folder", out)
	}
	return nil
}

// absolute is a path that is the same for all names of a folder, as far as it can be told.
func absolute(dir string) string {
	if whole, err := filepath.EvalSymlinks(dir); err == nil {
		dir = whole
	}
	if whole, err := filepath.Abs(dir); err == nil {
		dir = whole
	}
	return filepath.Clean(dir)
}

// writeTogether writes a report on the runs in several folders to out. Those that cannot
// be read are named, and the others are put side by side.
func writeTogether(ctx context.Context, dirs []string, out string, print printer, stderr io.Writer) error {
	var runs []report.Run
	var left, bad []string
	for _, dir := range dirs {
		table, err := report.ReadFile(ctx, filepath.Join(dir, trialsFile), catalogue())
		if ctx.Err() != nil {
			return err
		}
		if err == nil {
			if err = table.Empty(); err != nil {
				err = fmt.Errorf("%s: %w", filepath.Join(dir, trialsFile), err)
			}
		}
		if err != nil {
			fmt.Fprintln(stderr, "parcon:", visible(err.Error())+": it is left out")
			left = append(left, dir)
			continue
		}
		if len(table.Said) > 0 {
			fmt.Fprintln(stderr, "parcon:", results.FewFaults(table.Said))
		}
		bad = append(bad, table.Bad...)
		runs = append(runs, report.Run{Folder: dir, Table: table})
	}
	if len(runs) < 2 {
		return fmt.Errorf("putting runs side by side: only %d of these %d folders can be read: give two at least that hold %s", len(runs), len(dirs), trialsFile)
	}
	made, err := report.WriteTogether(runs, out)
	if err != nil {
		return err
	}
	if err := print.made(made); err != nil {
		return err
	}
	switch {
	case len(left) > 0:
		return fmt.Errorf("the report is made without %s: no run can be read there", strings.Join(left, ", "))
	case len(bad) > 0:
		return fmt.Errorf("the report is made without what cannot be read: %s: mend or delete it", results.FewFaults(bad))
	}
	return nil
}

// writeReport reads the trials in dir, until ctx ends, and writes the report to
// out. What it prints last are the answer and the report's path.
func writeReport(ctx context.Context, dir, out string, print printer, stderr io.Writer) error {
	table, err := report.ReadFile(ctx, filepath.Join(dir, trialsFile), catalogue())
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return fmt.Errorf("%w: a report is made of the folder of a run", err)
	}
	if err != nil {
		return err
	}
	if table.Lanes, err = readLanes(dir); err != nil {
		table.Bad = append(table.Bad, err.Error())
	}
	made, err := report.Write(table, out)
	if err != nil {
		return err
	}
	if len(table.Said) > 0 {
		fmt.Fprintln(stderr, "parcon:", results.FewFaults(table.Said))
	}
	if err := print.made(made); err != nil {
		return err
	}
	if len(table.Bad) > 0 {
		return fmt.Errorf("the report is made without what cannot be read: %s: mend or delete it", results.FewFaults(table.Bad))
	}
	return nil
}

// A printer prints what a report says: two lines for people, or JSON.
type printer struct {
	out  io.Writer
	json bool
}

func (p printer) made(m report.Made) error {
	if p.json {
		return printJSON(p.out, m)
	}
	if _, err := fmt.Fprintf(p.out, "%s\n%s\n", m.Answer, m.Path); err != nil {
		return fmt.Errorf("printing the answer of %s: %w", m.Path, err)
	}
	return nil
}

// catalogue is what reports explain trials by.
func catalogue() report.Catalogue {
	c := report.Catalogue{Chapters: chapters.All, Mapping: map[string]string{}}
	for _, m := range model.All {
		c.Models = append(c.Models, m.Name)
		c.Mapping[m.Name] = m.Mapping
	}
	return c
}
