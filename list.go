package main

import (
	"fmt"
	"io"
	"runtime"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"parcon/experiments"
	"parcon/experiments/child"
	"parcon/experiments/mechanism/all"
	"parcon/experiments/model"
)

func listCommand(stdout io.Writer) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "Show the experiments, claims, workloads, models, mechanisms and profiles",
		Example: "  parcon list",
		Args:    noArguments,
		RunE: func(*cobra.Command, []string) error {
			return list(stdout, runtime.NumCPU())
		},
	}
}

func list(out io.Writer, cores int) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "EXPERIMENTS\t")
	for _, e := range experiments.All {
		quick := experiments.Scale{Cores: cores, Depth: experiments.Quick, System: runtime.GOOS, Python: true}
		full := quick
		full.Depth = experiments.Full
		fmt.Fprintf(w, "  %s\t%s (%d to %d variants)\n", e.Name, e.Question, len(e.Cases(quick)), len(e.Cases(full)))
		for _, c := range e.Claims(quick) {
			fmt.Fprintf(w, "    %s\t  %s\n", c.ID, c.Text)
		}
	}
	fmt.Fprintln(w, "\t\nWORKLOADS\t")
	for _, l := range child.Workloads {
		fmt.Fprintf(w, "  %s\t%s: %s\n", l.Name, l.Kind, l.Doc)
	}
	fmt.Fprintln(w, "\t\nMODELS\t")
	for _, m := range model.All {
		fmt.Fprintf(w, "  %s\t%s\n", m.Name, m.Mapping)
	}
	fmt.Fprintln(w, "\t\nMECHANISMS\t")
	for _, m := range all.Mechanisms {
		fmt.Fprintf(w, "  %s\t%s\n", m.Name, m.Doc)
	}
	fmt.Fprintln(w, "\t\nPROFILES\t")
	for _, p := range experiments.Profiles {
		fmt.Fprintf(w, "  %s\t%s\n", p.Name, p.Doc)
	}
	return w.Flush()
}
