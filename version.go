package main

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"

	"github.com/spf13/cobra"

	"parcon/results"
	"parcon/runner"
)

// A version is what this program was built from, by the build's own information.
type version struct {
	Version   string `json:"version"`
	Commit    string `json:"commit"`    // with +changes if the source had some
	Program   string `json:"program"`   // the beginning of its SHA-256
	Catalogue string `json:"catalogue"` // fingerprint of what it can measure and claims
	Go        string `json:"go"`
	System    string `json:"system"`
}

func versionOf(built results.Setup) version {
	return version{
		Version: built.Get(results.KeyVersion), Commit: built.Get(results.KeyCommit), Program: built.Get(results.KeyProgram),
		Catalogue: identity().Catalogue, Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH,
	}
}

func versionCommand(stdout io.Writer) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "version",
		Short: "Say what this program was built from",
		Long: `Version says what this program was built from: its version and commit as the build noted them (go run
notes no commit), the beginning of its SHA-256, a fingerprint of all that it can measure and claims, and
the Go that built it. Two results can be compared where the fingerprints agree.`,
		Example:     "  parcon version\n  parcon version --json",
		Args:        noArguments,
		Annotations: map[string]string{small: "yes"},
		RunE: func(*cobra.Command, []string) error {
			v := versionOf(runner.Build())
			if asJSON {
				return printJSON(stdout, v)
			}
			_, err := fmt.Fprintf(stdout, "parcon %s, commit %s, program %s, catalogue %s, built by %s for %s\n",
				v.Version, v.Commit, v.Program, v.Catalogue, v.Go, v.System)
			return err
		},
	}
	jsonFlag(c, &asJSON)
	return c
}

// jsonFlag lets a command print its answer as JSON.
func jsonFlag(c *cobra.Command, as *bool) {
	c.Flags().BoolVar(as, "json", false, "print the answer as JSON")
}

// printJSON prints an answer for programs.
func printJSON(out io.Writer, answer any) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false) // commands hold && and >
	if err := e.Encode(answer); err != nil {
		return fmt.Errorf("printing the answer: %w", err)
	}
	return nil
}
