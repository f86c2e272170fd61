package cluster_test

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"

	"parcon/experiments/card"
	"parcon/experiments/card/cardtest"
	"parcon/experiments/cluster"
	"parcon/experiments/remote"
	"parcon/experiments/remote/role"
	"parcon/experiments/tasks/worker"
	"parcon/experiments/tasks/workload"
	"parcon/runner/proc/proctest"
	"parcon/runner/protocol"
)

// The test binary is the programs that trials start.
func TestMain(m *testing.M) {
	role.Child()
	if len(os.Args) > 2 && os.Args[1] == "work" {
		if err := worker.Main(workload.Workers, os.Args[2:], os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func run(name string, ops int, dir string) (protocol.Measurement, error) {
	c, v, err := card.Parse(cluster.Chapter.Cards, name)
	if err != nil {
		return nil, err
	}
	quick := []string{"/usr/bin/env", proctest.QuickExit, os.Args[0]} // spares each a second at its end under -race
	env := card.Env{Queue: append(quick[:3:3], "child", remote.Child), Worker: append(quick[:3:3], "work"), Dir: dir}
	s, err := c.Prepare(card.Trial{Variant: v, Ops: ops, Env: env})
	if err != nil {
		return nil, err
	}
	m, err := s.Run()
	if s.Close != nil {
		err = errors.Join(err, s.Close())
	}
	return m, err
}

// others are tasks that differ from compute in their length alone.
var others = []string{"10us", "100us", "10ms"}

// seen is what trials of facts must see in all their tries.
func seen(v string, tries float64) float64 {
	if v == "mechanism=stranger/key=right" {
		return 0
	}
	return tries
}

func TestEveryVariantRunsAndLeavesNothing(t *testing.T) {
	units := cardtest.NewUnits(t, cluster.Chapter.Cards)
	for _, c := range cluster.Chapter.Cards {
		for _, v := range cardtest.Variants(c, map[string][]string{"workers": {"2"}, "prefetch": {"3"}}) {
			t.Run(v.String(), func(t *testing.T) {
				if v.Get("store") != "" && v.Get("by") != "queue" || v.Get("prefetch") != "" && v.Get("task") != "compute" || slices.Contains(others, v.Get("task")) && v.Get("store") != "" {
					return // is the same as another one
				}
				dir := t.TempDir()
				m, err := run(v.String(), 5, dir)
				if v.String() == "mechanism=loss/killed=server/store=memory" {
					if err == nil {
						t.Error("a server that keeps nothing is killed")
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				units.Check(t, c, m)
				if tries, ok := m[card.UnitTries]; ok && (tries != 5 || m[card.UnitSeen] != seen(v.String(), tries)) {
					t.Errorf("seen in %v of %v tries", m[card.UnitSeen], tries)
				}
				if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
					t.Errorf("left in its folder: %v, %v", left, err)
				}
			})
		}
	}
}

func TestTooManyWorkersAreRefused(t *testing.T) {
	if _, err := run("mechanism=pool/by=queue/task=none/workers=65", 1, t.TempDir()); err == nil {
		t.Error("65 worker processes are started")
	}
}

func Example() {
	for _, c := range cluster.Chapter.Claims(card.Scale{Cores: 2, System: "linux"}) {
		fmt.Println(c.ID, c.Unmeasured == "")
	}
	// Output:
	// D1 true
	// D2 true
	// D3 true
	// D4 true
}
