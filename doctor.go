package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"parcon/report"
	"parcon/runner/doctor"
)

func doctorCommand(stdout io.Writer) *cobra.Command {
	var strict, asJSON bool
	c := &cobra.Command{
		Use:   "doctor [DIR]",
		Short: "Say what is wrong with this machine for measuring, and what to do",
		Long: `Doctor watches this machine for a second and says what would spoil a run, the worst
first, and what to do about it. It changes nothing; the commands that it shows last
until the machine restarts. Look again before each run: load, pressure and stolen time
are those of the moment.

The findings are advice for people, and some, such as too few cores, cannot be mended
on the spot, so the exit code is 0 whatever is found. With --strict it is 1 if there is
any warning: for scripts that publish. What could not be seen is no warning.

A run looks at the machine too, between its trials, for a hundredth of its time at most. Of the
folder of a run doctor says what was seen then, and --strict makes the exit code 1 if the machine
was restless.`,
		Example: "  parcon doctor\n  parcon doctor --strict && parcon run --profile standard\n  parcon doctor --strict results/standard",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return wrongUsage("doctor takes the folder of one run at most, and %d were given", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				return recall(cmd.Context(), args[0], strict, asJSON, stdout)
			}
			return examine(cmd.Context(), strict, asJSON, stdout)
		},
	}
	c.Flags().BoolVar(&strict, "strict", false, "exit with 1 if there is any warning")
	jsonFlag(c, &asJSON)
	return c
}

func examine(ctx context.Context, strict, asJSON bool, stdout io.Writer) error {
	facts := doctor.Look(ctx, doctor.Here())
	if ctx.Err() != nil {
		return fmt.Errorf("looking at this machine: %w: let it run for a second", ctx.Err())
	}
	findings := doctor.Examine(facts)
	write := doctor.Print
	if asJSON {
		write = func(out io.Writer, all []doctor.Finding) error { return printJSON(out, all) }
	}
	if err := write(stdout, findings); err != nil {
		return fmt.Errorf("printing the findings: %w", err)
	}
	if n := doctor.Warnings(findings); strict && n > 0 {
		return fmt.Errorf("warnings: %d; mend them, or leave --strict out", n)
	}
	return nil
}

// recall says what a run saw of its machine.
func recall(ctx context.Context, dir string, strict, asJSON bool, stdout io.Writer) error {
	table, err := report.ReadFile(ctx, filepath.Join(dir, trialsFile), catalogue())
	if err != nil {
		return fmt.Errorf("%w: doctor takes the folder of a run", err)
	}
	seen := table.Seen()
	if asJSON {
		err = printJSON(stdout, struct {
			Looks    int    `json:"looks"`
			Unsteady int    `json:"unsteady"` // looks that a strict doctor would not have passed
			Restless bool   `json:"restless"`
			Seen     string `json:"seen"`
		}{seen.Looks, seen.Unsteady, seen.Restless(), seen.String()})
	} else {
		_, err = fmt.Fprintln(stdout, seen)
	}
	if err != nil {
		return fmt.Errorf("printing what was seen: %w", err)
	}
	if strict && seen.Restless() {
		return fmt.Errorf("the machine was restless while %s was measured: measure again when it is calm, or leave --strict out", dir)
	}
	return nil
}
