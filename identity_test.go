package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"parcon/results"
	"parcon/runner"
)

// Whatever differs of what a run is, going on with it is refused in one line that
// names it; what a file does not tell, or nobody could find out, is no difference.
func TestAnotherRunIsNotGoneOnWith(t *testing.T) {
	now := append(runner.Host(t.TempDir()),
		results.Entry{Key: results.KeyPrograms, Value: "small trial:1 worker:2"},
		results.Entry{Key: results.KeyPython, Value: "CPython 3.11"},
		results.Entry{Key: results.KeyClaims, Value: "life:1"})
	if err := same("f", now, now); err != nil {
		t.Error(err)
	}
	changed := func(key, value string) results.Setup {
		then := slices.Clone(now)
		for i := range then {
			if then[i].Key == key {
				then[i].Value = value
				return then
			}
		}
		t.Fatalf("the head does not tell %s", key)
		return nil
	}
	for _, key := range []string{
		"goos", "goarch", "cpu", results.KeyCores, results.KeyQuota, "memory", "host", "kernel", "go",
		results.KeyProgram, results.KeyPrograms, results.KeyPython, results.KeyClaims,
	} {
		value := "other"
		if key == results.KeyClaims {
			value = "life:other"
		}
		err := same("f", changed(key, value), now)
		if err == nil || !strings.Contains(err.Error(), key+` "`+value+`"`) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", key, err)
		}
		for _, silent := range []string{"", results.Unknown} {
			if err := same("f", changed(key, silent), now); err != nil {
				t.Errorf("%s is %q: %v", key, silent, err)
			}
		}
	}
	if err := same("f", changed("date", "other"), now); err != nil {
		t.Error(err)
	}
}

func TestEachRunHasAFolderOfItsOwn(t *testing.T) {
	t.Chdir(t.TempDir())
	seen := map[string]bool{}
	for range 5 {
		dir, unlock, err := folder("", "")
		if err != nil || seen[dir] || filepath.Dir(dir) != "run" {
			t.Fatalf("%s, %v", dir, err)
		}
		defer unlock()
		seen[dir] = true
	}
	dir, unlock, err := folder("named", "")
	if err != nil || dir != "named" {
		t.Fatal(dir, err)
	}
	unlock()
}

func TestAllTrialsFailed(t *testing.T) {
	good, bad := results.Result{}, results.Result{Failed: "no disk"}
	for want, trials := range map[string][]results.Result{
		"":                                   {good},
		"failed trials: 1; the report names": {good, bad},
		"nothing was measured: all 2 trials failed, the first because: no disk": {bad, bad},
	} {
		err := errors.Join(failures(trials))
		if (err == nil) != (want == "") || err != nil && !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// A head that was damaged is not gone on with: what is not what a run writes there is
// named, and nothing is measured.
func TestADamagedHeadIsNamed(t *testing.T) {
	good := map[string]string{
		results.KeyProfile: "quick", results.KeyExperiments: "life", results.KeySeed: "1", results.KeyRounds: "2", results.KeySizes: "primes:5", results.KeyBudget: "3m0s", results.KeyOdds: "900",
	}
	head := func(key, value string) string {
		var w strings.Builder
		for _, k := range slices.Sorted(maps.Keys(good)) {
			if v := good[k]; k != key {
				fmt.Fprintf(&w, "%s: %s\n", k, v)
			} else if value != "" {
				fmt.Fprintf(&w, "%s: %s\n", k, value)
			}
		}
		return w.String() + "\nBenchmarkLife/mechanism=zombie 1 5 ns/op 0 round\n"
	}
	resume := func(text string) error {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, trialsFile), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		o := defaultOptions()
		o.resume = dir
		_, err := resumed(t.Context(), o)
		return err
	}
	if err := resume(head("", "")); err != nil {
		t.Error(err)
	}
	for key, values := range map[string][]string{
		results.KeyProfile:     {"", "huge"},
		results.KeyExperiments: {""},
		results.KeySeed:        {"", "-1", "x", "18446744073709551616"},
		results.KeyRounds:      {"", "0", "-1", "1.5", "999999999"},
		results.KeySizes:       {"primes", "primes:0", "primes:-4", "primes:x"},
		results.KeyBudget:      {"x", "0s", "-3m"},
		results.KeyOdds:        {"x", "NaN", "-0.1", "0", "1e30"},
	} {
		for _, value := range values {
			err := resume(head(key, value))
			if err == nil || !strings.Contains(err.Error(), key) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: %q: %v", key, value, err)
			}
		}
	}
}
