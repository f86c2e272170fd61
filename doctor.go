package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"parcon/runner/doctor"
)

func doctorCommand(stdout io.Writer) *cobra.Command {
	var strict, asJSON bool
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Say what is wrong with this machine for measuring, and what to do",
		Long: `Doctor watches this machine for a second and says what would spoil a run, the worst
first, and what to do about it. It changes nothing; the commands that it shows last
until the machine restarts. Look again before each run: load, pressure and stolen time
are those of the moment.

The findings are advice for people, and some, such as too few cores, cannot be mended
on the spot, so the exit code is 0 whatever is found. With --strict it is 1 if there is
any warning: for scripts that publish. What could not be seen is no warning.`,
		Example: "  parcon doctor\n  parcon doctor --strict && parcon run --profile standard",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
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
