package life

import (
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/peer"
	"parcon/experiments/section"
	"parcon/runner/clock"
	"parcon/runner/proc"
	"parcon/runner/protocol"
)

// The signals that ask for an end, or make it.
const (
	wayTerm = "term" // SIGTERM; the process ends itself in a handler
	wayKill = "kill" // SIGKILL; the kernel ends it
)

// signals are what the ways send.
var signals = map[string]syscall.Signal{wayTerm: syscall.SIGTERM, wayKill: syscall.SIGKILL}

// terminate measures how long a process lives after the signal that ends it: it
// must get a core to die on, run its handler if it has one, and give its memory
// back. The time goes from before kill(2) to the moment at which this process is
// told of the end and runs. It is never less than the look in between takes, a few
// microseconds.
//
// Whether the process is alive is asked of a pidfd. The state in /proc/PID/stat is
// that of its first thread only, which often is a zombie within 20 us of a SIGKILL
// while the others still end: so long nobody can wait for the process, and its
// memory is not free. If this process loses its core to the one that it signals,
// it comes back too late to see it alive: that is counted as not seen.
var terminate = card.Card{
	Name:        "terminate",
	Doc:         "a process that was asked to end, or killed, is still there a moment later",
	Keys:        []card.Choice{{Key: "way", Values: []string{wayTerm, wayKill}, Words: map[string]string{wayTerm: "SIGTERM, ended by a handler", wayKill: "SIGKILL"}}},
	Independent: true,
	Needs:       []card.Need{card.Linux},
	Cases:       terminateCases,
	Claims:      terminateClaims,
	Prepare:     prepareTerminate,
	Parts:       map[string]func([]string) error{"child": awaitSignal},
	Label:       "still there after the signal",
	Units:       []string{"gone-p50-ns", "gone-p99-ns", "gone-max-ns"},
	Sections:    terminateSections,
}

func terminateSections() []section.Section {
	return []section.Section{{
		Topic: "After the signal", Claims: []string{"F4"},
		Form: section.Table{
			Finding: []section.Clause{
				section.Counted("seen", "after SIGTERM %s processes were still there a moment later", "way", wayTerm),
				section.Counted("seen", "after SIGKILL %s were", "way", wayKill),
			},
			Columns: []section.Column{
				section.Under("signal", section.Value("way")),
				section.Under("still there a moment later", section.Count("seen")),
				section.Under("typically gone after (p50)", section.Span("gone-p50-ns")),
				section.Under("at most (p99)", section.Span("gone-p99-ns")),
			},
			Note: "A moment: as long as it takes to look. Gone: its parent knows of the end. Medians over trials with {interval}s; of fewer than 100 tries in a trial the p99 is the slowest.",
		},
	}}
}

func terminateCases(card.Scale) []card.Case {
	return []card.Case{
		card.Run(15, card.Of("terminate", "way", "term")), card.Run(15, card.Of("terminate", "way", "kill")),
	}
}

func terminateClaims(s card.Scale) []card.Claim {
	asked := card.Claim{ID: "F4", Text: "Asking a process to end is not its end: more often than not it is still there a moment later"}
	for _, c := range terminateCases(s) {
		asked.Comparisons = append(asked.Comparisons, card.Is(card.Often, c.Variant, card.Mostly, card.Alone))
	}
	return []card.Claim{asked}
}

func prepareTerminate(t card.Trial) (card.Session, error) {
	return card.Session{Run: func() (protocol.Measurement, error) {
		var lives []time.Duration
		m, err := card.Try(t.Ops, func(int) (bool, error) {
			alive, life, err := tryTerminate(t)
			lives = append(lives, life)
			return alive, err
		})
		if err != nil {
			return nil, err
		}
		slices.Sort(lives)
		total := time.Duration(0)
		for _, d := range lives {
			total += d
		}
		m["gone-p50-ns"] = float64(rank(lives, 50))
		m["gone-p99-ns"] = float64(rank(lives, 99))
		m["gone-max-ns"] = float64(lives[len(lives)-1])
		m["ns/op"] = float64(total) / float64(t.Ops) // without the start of the child
		return m, nil
	}}, nil
}

// tryTerminate sends the signal to a new child, looks at once whether it is still
// alive, and returns how long it lived on.
func tryTerminate(t card.Trial) (alive bool, life time.Duration, err error) {
	c, err := start(peer.Part(t, 1, "child"))
	if err != nil {
		return false, 0, err
	}
	defer c.close()
	if err := c.expect(ready); err != nil {
		return false, 0, err
	}
	pid := c.cmd.Process.Pid
	sent, want := signals[t.Get("way")], ending{code: 0}
	if sent == syscall.SIGKILL {
		want = ending{-1, sent}
	}

	begin := clock.Now()
	if err := c.cmd.Process.Signal(sent); err != nil {
		return false, 0, fmt.Errorf("sending %v to process %d: %w", sent, pid, err)
	}
	dead, err := ended(c.cmd.Process, 0)
	if err != nil {
		return false, 0, err
	}
	there := taken(pid)
	if err := c.over(); err != nil {
		return false, 0, fmt.Errorf("after %v: %w", sent, err)
	}
	life = time.Duration(clock.Now() - begin)

	how, err := c.join()
	if err == nil && how != want {
		err = fmt.Errorf("after %v process %d ended with %v, want %v", sent, pid, how, want)
	}
	return there && !dead, life, err
}

// awaitSignal is a child that ends in an orderly way when SIGTERM asks for it.
func awaitSignal([]string) error {
	go proc.WatchParent(proc.Stdin())
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGTERM)
	fmt.Println(ready)
	<-asked
	return nil
}

// rank is the value that so many percent of the sorted values do not exceed (the
// nearest rank): one of them, not something between two. There must be one.
func rank(sorted []time.Duration, percent int) time.Duration {
	return sorted[max(0, (len(sorted)*percent+99)/100-1)]
}
