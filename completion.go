package main

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"parcon/experiments/card"
	"parcon/experiments/chapters"
	"parcon/experiments/remote"
	"parcon/experiments/tasks"
	"parcon/experiments/tasks/model"
	"parcon/runner/cgroup"
)

// shells are those that can be told, with the place of a script that they look at by
// themselves.
var shells = []struct {
	name, place string
	script      func(*cobra.Command, io.Writer) error
}{
	{"bash", "~/.local/share/bash-completion/completions/parcon", func(c *cobra.Command, w io.Writer) error { return c.GenBashCompletionV2(w, true) }},
	{"zsh", "\"${fpath[1]}/_parcon\"", (*cobra.Command).GenZshCompletion},
	{"fish", "~/.config/fish/completions/parcon.fish", func(c *cobra.Command, w io.Writer) error { return c.GenFishCompletion(w, true) }},
}

func completionCommand(stdout io.Writer) *cobra.Command {
	var names, examples []string
	for _, s := range shells {
		names = append(names, s.name)
		examples = append(examples, fmt.Sprintf("  parcon completion %s > %s", s.name, s.place))
	}
	return &cobra.Command{
		Use:   "completion " + strings.Join(names, "|"),
		Short: "Print a script with which a shell completes commands, claims and workloads",
		Long: `Completion prints a script for a shell that completes parcon's commands and flags, experiments, claims,
workloads and models. Put it where that shell looks; new shells have it.`,
		Example:     strings.Join(examples, "\n"),
		Annotations: map[string]string{small: "yes"},
		ValidArgs:   names,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || !slices.Contains(names, args[0]) {
				return wrongUsage("completion %s: name one of %s", strings.Join(args, " "), strings.Join(names, ", "))
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			return shells[slices.Index(names, args[0])].script(c.Root(), stdout)
		},
	}
}

// completing tells the scripts what commands take.
func completing(root *cobra.Command) {
	for _, c := range root.Commands() {
		switch c.Name() {
		case "run":
			c.ValidArgsFunction = suggest(measurable)
			offer(c, "profile", profileNames)
		case "lanes":
			c.ValidArgsFunction = lanesArguments
		case "distribute":
			c.ValidArgsFunction = suggest(workloadNames)
			offer(c, "store", func() []cobra.Completion { return remote.Stores })
		case "agent", "worker", "doctor", "list", "selfcheck", "version":
			c.ValidArgsFunction = cobra.NoFileCompletions
		}
	}
}

// suggest offers words, and no files.
func suggest(words func() []cobra.Completion) cobra.CompletionFunc {
	return func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return words(), cobra.ShellCompDirectiveNoFileComp
	}
}

// offer completes the value of a flag.
func offer(c *cobra.Command, flag string, words func() []cobra.Completion) {
	if err := c.RegisterFlagCompletionFunc(flag, suggest(words)); err != nil {
		panic(err) // there is no such flag
	}
}

// measurable are the experiments and claims.
func measurable() (all []cobra.Completion) {
	for _, e := range chapters.All {
		all = append(all, cobra.CompletionWithDesc(e.Name, e.Question))
		for _, c := range e.Claims(card.Scale{Cores: cgroup.Cores(), System: runtime.GOOS, Pythons: []card.Python{"3.11"}}) {
			all = append(all, cobra.CompletionWithDesc(c.ID, c.Text))
		}
	}
	return all
}

func profileNames() (all []cobra.Completion) {
	for _, p := range chapters.Profiles {
		all = append(all, cobra.CompletionWithDesc(p.Name, p.Doc))
	}
	return all
}

func workloadNames() (all []cobra.Completion) {
	for _, w := range tasks.Workloads {
		all = append(all, cobra.CompletionWithDesc(w.Name, w.Doc))
	}
	return all
}

// lanesArguments are a workload, and then models.
func lanesArguments(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return workloadNames(), cobra.ShellCompDirectiveNoFileComp
	}
	var all []cobra.Completion
	for _, m := range model.All {
		all = append(all, cobra.CompletionWithDesc(m.Name, m.Mapping))
	}
	return all, cobra.ShellCompDirectiveNoFileComp
}
