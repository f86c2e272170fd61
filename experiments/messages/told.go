package messages

import (
	_ "embed"
	"errors"
	"fmt"
	"strconv"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/cpython"
	"parcon/experiments/ipc"
	"parcon/experiments/peer"
	"parcon/experiments/section"
	"parcon/experiments/variant"
	"parcon/runner/protocol"
)

// told: processes ask a queue something, and look at the next step whether the answer was
// worth anything:
//
//   - empty: told that it is not empty, a process takes a message and gets none; or told
//     that it is, it gets one;
//   - full: told that it is not full, it puts a message and there is no room; or told that
//     it is, there is;
//   - size: told a number, it asks again and is told another.
//
// Each process asks of a queue that has changed since it asked before: it takes and puts
// back, or puts and takes back, so that alone it is told both answers in turn. Those of
// one process are in episodes, each with a queue of its own.
//
// cpython does the same with a multiprocessing.Queue, whose messages come into its pipe by
// a thread of the putter, a moment after put has returned.
var told = card.Card{
	Name: "told", Doc: "is what a queue says of itself still so at the next step?",
	Needs: []card.Need{card.Linux},
	Keys: []card.Choice{
		{Key: "asked", Values: []string{"empty", "full", "size"}, Words: map[string]string{"empty": "empty?", "full": "full?", "size": "its size"}},
		{Key: "queue", Values: []string{"ipc", python}, Words: map[string]string{
			"ipc": "ipc.Queue", python: "CPython's multiprocessing.Queue",
		}},
		{Key: "processes", Format: "x %s"},
	},
	Cases:    toldCases,
	Claims:   toldClaims,
	Prepare:  prepareTold,
	Parts:    map[string]func([]string) error{"asker": askQueues},
	Label:    "wrong at the next step",
	Sections: toldSections,
}

// questions are what a queue is asked.
var questions = []string{"empty", "full", "size"}

func toldOf(asked, queue string, processes int) variant.Variant {
	return card.Of("told", "asked", asked, "queue", queue, "processes", card.Itoa(processes))
}

// Answers of a trial: a queue of ipc gives some millions a second.
const (
	answers       = 1_000 * card.Tries
	pythonAnswers = 4_000
)

func toldCases(s card.Scale) []card.Case {
	counts := []int{1, 2}
	if s.Depth >= card.Standard {
		counts = []int{1, 2, 4}
	}
	var cases []card.Case
	for _, asked := range questions {
		for _, n := range counts {
			cases = append(cases, card.Run(answers, toldOf(asked, "ipc", n)))
		}
		if s.CPython() {
			cases = append(cases, card.Run(pythonAnswers, toldOf(asked, python, 1)), card.Run(pythonAnswers, toldOf(asked, python, 2)))
		}
	}
	return cases
}

func toldClaims(card.Scale) []card.Claim {
	claim := card.Claim{
		ID: "M10", Text: "What a queue says of itself, empty, full or its size, cannot be relied upon where several processes use it: it happens to be wrong at the next step; with one process it never is",
		Caveat: "Wrong: the next step of the process that was told, made at once, finds it otherwise. How often depends on how much the others do meanwhile.",
	}
	for _, asked := range questions {
		claim.Comparisons = append(claim.Comparisons,
			card.Sometimes(card.Happens, toldOf(asked, "ipc", 2)), card.Never(card.Seen, toldOf(asked, "ipc", 1)))
	}
	return []card.Claim{claim}
}

func toldSections() []section.Section {
	wrong := func(asked, format string) section.Clause {
		return func(s section.Samples) string {
			t := s.Total("seen", s.With("asked", asked, "queue", "ipc", "processes", "2")...)
			if t.Tries == 0 {
				return ""
			}
			return fmt.Sprintf(format, t.Share())
		}
	}
	return []section.Section{{
		Topic: "What a queue says of itself", Claims: []string{"M10"},
		Form: section.Table{
			Finding: []section.Clause{
				section.Lean(wrong("empty", "asked by two processes whether it is empty, a queue was wrong at the next step in %s of its answers"),
					wrong("full", "whether it is full in %s"), wrong("size", "for its size in %s")),
				section.Counted("seen", "with one process in %s", "queue", "ipc", "processes", "1"),
				section.Counted("seen", "CPython's queue with one process in %s", "queue", python, "processes", "1"),
			},
			Columns: []section.Column{
				section.Under("asked", section.Value("asked")),
				section.Under("queue", section.Value("queue")),
				section.Under("processes", section.Value("processes")),
				section.Under("answers wrong at the next step", section.Count("seen")),
			},
			Note: "Each process asks, and takes, puts or asks again at once. CPython's queue hands what is put to a thread, so that its answers change by themselves a moment later, also with one process.",
		},
	}}
}

//go:embed told.py
var toldPython string

// mostAskers bounds the processes of a trial.
const mostAskers = 64

func prepareTold(t card.Trial) (card.Session, error) {
	askers := t.Int("processes", 1)
	if askers > mostAskers {
		return card.Session{}, fmt.Errorf("%d processes that ask a queue: give at most %d", askers, mostAskers)
	}
	if t.Get("queue") == python {
		limit := 3*patience + time.Duration(t.Ops)*time.Millisecond
		return cpython.Prepare(t, limit, toldPython, "told", "asked="+t.Get("asked"), fmt.Sprint("workers=", askers))
	}
	episodes := 1 // where it is enough that it happens once
	if askers == 1 {
		episodes = min(card.Tries, t.Ops)
	}
	var all things
	queues, err := add(&all, episodes, newQueue(roomFor(t.Get("asked"), askers)))
	if err == nil && t.Get("asked") == "empty" {
		for _, q := range queues {
			err = errors.Join(err, q.TryPut(message(0)))
		}
	}
	var crew peer.Crew
	if err == nil {
		crew, err = hire(t, all.objects(), several(askers, "asker", t.Get("asked"), strconv.Itoa(episodes))...)
	}
	if err != nil {
		return card.Session{}, errors.Join(err, all.free())
	}
	return card.Session{
		Run:   func() (protocol.Measurement, error) { return askTogether(crew, t.Ops, episodes) },
		Close: func() error { return errors.Join(crew.End(patience), all.free()) },
	}, nil
}

// roomFor is a queue's bound: one that is to be full holds one message, of another there is
// room for all that its users put.
func roomFor(asked string, askers int) int {
	if asked == "full" {
		return 1
	}
	return 1 + askers
}

// askTogether lets processes ask in one episode after another.
func askTogether(crew peer.Crew, n, episodes int) (protocol.Measurement, error) {
	asked, wrong := 0, 0
	for e := range episodes {
		for i, p := range crew {
			_ = p.Tell(fmt.Sprint(e, " ", share(share(n, episodes, e), len(crew), i))) // one that is gone says why when it is heard
		}
		lines, err := crew.Hear()
		if err != nil {
			return nil, err
		}
		for _, line := range lines {
			var a, w int
			if _, err := fmt.Sscan(line, &a, &w); err != nil {
				return nil, fmt.Errorf("a part said %.100q where its answers were due", line)
			}
			asked, wrong = asked+a, wrong+w
		}
	}
	if asked != n {
		return nil, fmt.Errorf("a queue was asked %d times, want %d", asked, n)
	}
	return protocol.Measurement{card.UnitTries: float64(n), card.UnitSeen: float64(wrong), card.UnitEpisodes: float64(episodes)}, nil
}

// askQueues is a process that asks: args are what, and how many queues there are.
func askQueues(args []string) error {
	if len(args) != 2 || asking[args[0]] == nil {
		return fmt.Errorf("asking queues: the arguments %q, want what is asked and how many there are", args)
	}
	n, err := strconv.Atoi(args[1])
	if err != nil {
		return fmt.Errorf("asking queues: %w", err)
	}
	queues, err := openQueues(0, n)
	if err != nil {
		return err
	}
	return peer.Attend(func(line string) (string, error) {
		var episode, times int
		if _, err := fmt.Sscan(line, &episode, &times); err != nil || episode < 0 || episode >= n {
			return "", unknown(line)
		}
		wrong := 0
		for asked := 0; asked < times; {
			a, w, err := asking[args[0]](queues[episode], min(2, times-asked))
			if err != nil {
				return "", err
			}
			asked, wrong = asked+a, wrong+w
		}
		return fmt.Sprint(times, " ", wrong), nil
	})
}

// asking asks a queue up to so many times, looks how often that was wrong, and leaves the
// queue as it was.
var asking = map[string]func(q *ipc.Queue, times int) (asked, wrong int, err error){
	"empty": func(q *ipc.Queue, times int) (asked, wrong int, err error) {
		taken := 0
		for ; asked < times; asked++ {
			empty := q.Len() == 0
			took, err := did(dropped(q.TryGet()), ipc.ErrEmpty)
			if err != nil {
				return asked, wrong, err
			}
			if took {
				taken++
			}
			if took == empty {
				wrong++
			}
		}
		for range taken {
			if err := q.TryPut(message(0)); err != nil {
				return asked, wrong, fmt.Errorf("putting a message back: %w", err)
			}
		}
		return asked, wrong, nil
	},
	"full": func(q *ipc.Queue, times int) (asked, wrong int, err error) {
		given := 0
		for ; asked < times; asked++ {
			full := q.Len() == q.Cap()
			put, err := did(q.TryPut(message(0)), ipc.ErrFull)
			if err != nil {
				return asked, wrong, err
			}
			if put {
				given++
			}
			if put == full {
				wrong++
			}
		}
		for range given {
			if err := dropped(q.TryGet()); err != nil {
				return asked, wrong, fmt.Errorf("taking a message back: %w", err)
			}
		}
		return asked, wrong, nil
	},
	"size": func(q *ipc.Queue, _ int) (asked, wrong int, err error) {
		if err := q.TryPut(message(0)); err != nil {
			return 0, 0, fmt.Errorf("putting a message: %w", err)
		}
		if size := q.Len(); q.Len() != size {
			wrong = 1
		}
		if err := dropped(q.TryGet()); err != nil {
			return 1, wrong, fmt.Errorf("taking a message: %w", err)
		}
		return 1, wrong, nil
	},
}

// dropped is the error of a message that nobody wants.
func dropped(_ []byte, err error) error { return err }

// did says whether something was done, or could not be for the reason that it may have.
func did(err, may error) (bool, error) {
	if errors.Is(err, may) {
		return false, nil
	}
	return err == nil, err
}
