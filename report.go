package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"parcon/experiments/chapters"
	"parcon/experiments/tasks/model"
	"parcon/report"
	"parcon/results"
)

func reportCommand(stdout, stderr io.Writer) *cobra.Command {
	var out string
	c := &cobra.Command{
		Use:     "report DIR",
		Short:   "Make the report of a run again from its trials",
		Example: "  parcon report results/standard --out /tmp/report",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return wrongUsage("report needs one folder that holds %s: `parcon report DIR`", trialsFile)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if out == "" {
				out = args[0]
			}
			return writeReport(cmd.Context(), args[0], out, stdout, stderr)
		},
	}
	c.Flags().StringVar(&out, "out", "", "folder for the report (default: DIR)")
	return c
}

// writeReport reads the trials in dir, until ctx ends, and writes the report to
// out. Its last two lines on stdout are the answer and the report's path.
func writeReport(ctx context.Context, dir, out string, stdout, stderr io.Writer) error {
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
	answer, path, err := report.Write(table, out)
	if err != nil {
		return err
	}
	if len(table.Said) > 0 {
		fmt.Fprintln(stderr, "parcon:", results.FewFaults(table.Said))
	}
	if _, err := fmt.Fprintf(stdout, "%s\n%s\n", answer, path); err != nil {
		return fmt.Errorf("printing the answer of %s: %w", path, err)
	}
	if len(table.Bad) > 0 {
		return fmt.Errorf("the report is made without what cannot be read: %s: mend or delete it", results.FewFaults(table.Bad))
	}
	return nil
}

// catalogue is what reports explain trials by.
func catalogue() report.Catalogue {
	c := report.Catalogue{Chapters: chapters.All}
	for _, m := range model.All {
		c.Models = append(c.Models, m.Name)
	}
	return c
}
