package sharing

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"parcon/experiments/card"
	"parcon/experiments/ipc"
	"parcon/experiments/number"
	"parcon/experiments/scratch"
	"parcon/experiments/section"
	"parcon/experiments/variant"
	"parcon/runner/protocol"
)

// counter lets two processes count together, each half: in a JSON file that they
// lock with flock(2), through a pair of pipes each to a keeper that has the
// counter (the trial's process), or in shared memory under a lock.
var counter = card.Card{
	Name: "counter", Doc: "one counter of two processes: in a file, through a pipe, in shared memory",
	Keys:    []card.Choice{{Key: "medium", Values: []string{"file", "pipe", "memory"}}},
	Needs:   []card.Need{card.Linux},
	Cases:   counterCases,
	Claims:  counterClaims,
	Prepare: prepareCounter,
	Parts: map[string]func([]string) error{"count": func(args []string) error {
		if len(args) != 2 {
			return fmt.Errorf("counting: %d arguments, want 2", len(args))
		}
		n, err := strconv.Atoi(args[1])
		if err != nil {
			return fmt.Errorf("counting: %w", err)
		}
		open := countingBy[args[0]]
		if open == nil {
			return fmt.Errorf("counting by %q: there is no such medium", args[0])
		}
		increment, err := open()
		if err != nil {
			return err
		}
		return attend(func(int) error {
			for range n {
				if err := increment(); err != nil {
					return err
				}
			}
			return nil
		})
	}},
	Label:    "a shared counter",
	Sections: counterSections,
}

func counterSections() []section.Section {
	return []section.Section{{
		Topic: "Where a shared number lies", Claims: []string{"S8"},
		Form: section.Table{
			Finding: []section.Clause{
				section.Lean(
					section.Compared("ns/op", "counting through a file takes %s the time of counting in shared memory", section.Pick{"medium", "file"}, section.Pick{"medium", "memory"}),
					section.Compared("ns/op", "through a pipe %s", section.Pick{"medium", "pipe"}, section.Pick{"medium", "memory"})),
			},
			Columns: []section.Column{
				section.Under("medium", section.Value("medium")),
				section.Under("time of an increment ({interval})", section.Span("ns/op")),
				section.Under("over shared memory ({interval})", func(s section.Samples, row section.Row) string {
					if row[0].Get("medium") == "memory" {
						return "1"
					}
					return s.Over(row[0], s.The("medium", "memory"), "ns/op").In(number.Times)
				}),
			},
			Note: "Two processes count together: in a locked JSON file, through a pipe to a third one that has the number, in shared memory under a lock. " + section.Paired,
		},
	}}
}

func counted(medium string) variant.Variant { return card.Of("counter", "medium", medium) }

// counterCases are short: the media lie so far apart that noise is nothing beside it.
func counterCases(card.Scale) []card.Case {
	return []card.Case{
		card.Run(20, counted("file")), card.Run(1_000, counted("pipe")), card.Run(100_000, counted("memory")),
	}
}

func counterClaims(card.Scale) []card.Claim {
	return []card.Claim{{
		ID:          "S8",
		Caveat:      "The file holds JSON, as in textbooks, and is locked, read, cut off and written for each change; the memory is locked too.",
		Text:        "Sharing through a file is slow beside sharing through memory",
		Comparisons: []card.Comparison{card.Is(card.Throughput, counted("memory"), card.More, counted("file"))},
	}}
}

const counting = 2 // processes

// countingBy opens, in a part, the medium that it was given, and returns what
// adds 1.
var countingBy = map[string]func() (func() error, error){
	"file": func() (func() error, error) {
		path := pathOf(firstFD)
		lock, err := os.OpenFile(path, os.O_RDWR, 0) // a lock belongs to the opening
		return func() error {
			if err := flock(lock, exclusive); err != nil {
				return err
			}
			n, broken, err := readStock(path)
			if err == nil && broken {
				err = errors.New("reading a shared file: it is broken in spite of the lock")
			}
			if err != nil {
				return err
			}
			if err := writeStock(path, n+1); err != nil {
				return err
			}
			return flock(lock, unlocked)
		}, err
	},
	"pipe": func() (func() error, error) {
		requests, answers := os.NewFile(firstFD, "requests"), os.NewFile(firstFD+1, "answers")
		var message [8]byte
		last := uint64(0)
		return func() error {
			binary.LittleEndian.PutUint64(message[:], 1)
			if _, err := requests.Write(message[:]); err != nil {
				return fmt.Errorf("asking the keeper: %w", err)
			}
			if _, err := io.ReadFull(answers, message[:]); err != nil {
				return fmt.Errorf("reading the keeper's answer: %w", err)
			}
			now := binary.LittleEndian.Uint64(message[:])
			if now <= last {
				return fmt.Errorf("the keeper's counter went from %d to %d", last, now)
			}
			last = now
			return nil
		}, errors.Join(block(requests), block(answers))
	},
	"memory": func() (func() error, error) {
		memory, err := ipc.OpenMemory(ipc.Inherited(0))
		if err != nil {
			return nil, err
		}
		lock, err := ipc.OpenLock(ipc.Inherited(1))
		if err != nil {
			return nil, err
		}
		n := numberIn(memory, 0)
		return func() error {
			if err := lock.Lock(context.Background()); err != nil {
				return err
			}
			store(n, load(n)+1)
			return lock.Unlock()
		}, nil
	},
}

// A place is where the trial keeps the counter.
type place struct {
	files     func(index int) []*os.File       // for a part
	handed    func()                           // when the parts have them; may be nil
	meanwhile func(context.Context, int) error // while the parts count; may be nil
	value     func() (int, error)
	close     func() error
}

func prepareCounter(t card.Trial) (card.Session, error) {
	p, err := places[t.Get("medium")](t)
	if err != nil {
		return card.Session{}, err
	}
	c, err := assemble(t, counting, "count", p.files, func(index int) []string {
		return []string{t.Get("medium"), strconv.Itoa(share(t.Ops, counting, index))}
	})
	if err != nil {
		return card.Session{}, errors.Join(err, p.close())
	}
	if p.handed != nil {
		p.handed()
	}
	return card.Session{
		Run: func() (protocol.Measurement, error) {
			m, err := job(c, t.Ops, 1, p.meanwhile)
			if err != nil {
				return nil, err
			}
			n, err := p.value()
			if err == nil && n != t.Ops {
				err = fmt.Errorf("%d increments gave %d", t.Ops, n)
			}
			return m, err
		},
		Close: func() error {
			c.Kill()
			return p.close()
		},
	}, nil
}

// places make the counter's place, at 0.
var places = map[string]func(t card.Trial) (place, error){
	"file": func(t card.Trial) (place, error) {
		file, err := scratch.File(t.Env.Dir)
		if err != nil {
			return place{}, err
		}
		path := pathOf(file.Fd())
		if err := writeStock(path, 0); err != nil {
			return place{}, errors.Join(err, file.Close())
		}
		return place{
			files: same(file),
			value: func() (int, error) {
				n, broken, err := readStock(path)
				if err == nil && broken {
					err = errors.New("the file of the counter is broken in spite of its lock")
				}
				return n, err
			},
			close: file.Close,
		}, nil
	},
	"pipe": func(t card.Trial) (place, error) {
		k, err := newKeeper(t.Ops)
		if err != nil {
			return place{}, err
		}
		return place{
			files:     func(index int) []*os.File { return k.theirs[2*index : 2*index+2] },
			handed:    func() { closeAll(k.theirs...) },
			meanwhile: k.serve,
			value:     func() (int, error) { return int(k.counter.Load()), nil },
			close:     k.close,
		}, nil
	},
	"memory": func(card.Trial) (place, error) {
		memory, err := ipc.NewMemory(8)
		if err != nil {
			return place{}, err
		}
		lock, err := ipc.NewLock()
		if err != nil {
			return place{}, errors.Join(err, memory.Close())
		}
		return place{
			files: same(memory.File(), lock.File()),
			value: func() (int, error) { return int(load(numberIn(memory, 0))), nil },
			close: func() error { return errors.Join(memory.Close(), lock.Free()) },
		}, nil
	},
}

// A keeper has the counter and answers those who ask it through pipes to add
// something: 8 bytes are what to add, 8 bytes are the counter then.
type keeper struct {
	counter      atomic.Int64
	asked        [counting]int // how often each will ask
	ours, theirs []*os.File    // of each asker: requests, answers
}

func newKeeper(ops int) (*keeper, error) {
	k := &keeper{}
	for i := range counting {
		k.asked[i] = share(ops, counting, i)
		requests, request, err := os.Pipe()
		if err != nil {
			return nil, errors.Join(fmt.Errorf("making a pipe to the keeper: %w", err), k.close())
		}
		k.ours, k.theirs = append(k.ours, requests), append(k.theirs, request)
		answer, answers, err := os.Pipe()
		if err != nil {
			return nil, errors.Join(fmt.Errorf("making a pipe from the keeper: %w", err), k.close())
		}
		k.ours, k.theirs = append(k.ours, answers), append(k.theirs, answer)
	}
	return k, nil
}

func (k *keeper) close() error {
	closeAll(k.ours...)
	closeAll(k.theirs...)
	return nil
}

// serve answers until all have asked as often as they will, or are gone.
func (k *keeper) serve(context.Context, int) error {
	var running errgroup.Group
	for i, n := range k.asked {
		running.Go(func() error {
			requests, answers := k.ours[2*i], k.ours[2*i+1]
			var message [8]byte
			for range n {
				if _, err := io.ReadFull(requests, message[:]); err != nil {
					return fmt.Errorf("reading a request to the keeper: %w", err)
				}
				now := k.counter.Add(int64(binary.LittleEndian.Uint64(message[:])))
				binary.LittleEndian.PutUint64(message[:], uint64(now))
				if _, err := answers.Write(message[:]); err != nil {
					return fmt.Errorf("writing the keeper's answer: %w", err)
				}
			}
			return nil
		})
	}
	return running.Wait()
}
