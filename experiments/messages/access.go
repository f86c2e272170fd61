package messages

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"sync"

	"parcon/experiments/card"
	"parcon/experiments/cpython"
	"parcon/experiments/ipc"
	"parcon/experiments/number"
	"parcon/experiments/section"
	"parcon/experiments/variant"
	"parcon/runner/protocol"
)

// access reads one number:
//
//   - local: a variable of this process, under a sync.Mutex;
//   - memory: a number in shared memory, under an ipc.Lock, as CPython's Value is;
//   - manager: one of a manager.
//
// Nobody else wants it. cpython-local is an attribute under a threading.Lock,
// cpython-memory a multiprocessing.Value, cpython-manager a Value of a Manager.
var access = card.Card{
	Name: "access", Doc: "reads a number: a local one, one in shared memory, one of a manager",
	Needs: []card.Need{card.Linux},
	Keys: []card.Choice{{
		Key: "object", Values: []string{"local", "memory", "manager", "cpython-local", "cpython-memory", "cpython-manager"},
		Words: map[string]string{
			"local": "a local one", "memory": "in shared memory", "manager": "of a manager",
			"cpython-local": "CPython: a local one", "cpython-memory": "CPython: multiprocessing.Value", "cpython-manager": "CPython: of a Manager",
		},
	}},
	Cases:    accessCases,
	Claims:   accessClaims,
	Prepare:  prepareAccess,
	Parts:    map[string]func([]string) error{"manager": manage},
	Label:    "reading a number",
	Sections: accessSections,
}

func accessed(object string) variant.Variant { return card.Of("access", "object", object) }

// accesses of a trial.
var accesses = map[string]int{
	"local": 1_000_000, "memory": 200_000, "manager": 1_000,
	"cpython-local": 100_000, "cpython-memory": 20_000, "cpython-manager": 400,
}

func accessCases(s card.Scale) []card.Case {
	objects := []string{"local", "memory", "manager"}
	if s.CPython() {
		objects = append(objects, "cpython-local", "cpython-memory", "cpython-manager")
	}
	var cases []card.Case
	for _, object := range objects {
		cases = append(cases, card.Run(accesses[object], accessed(object)))
	}
	return append(cases, card.Second(cases[0]))
}

func accessClaims(card.Scale) []card.Claim {
	return []card.Claim{{
		ID: "M11", Text: "An object managed by a server process can be shared by all, but every access is a message, far slower than shared memory; and an increment, which is two of them, needs a lock all the same",
		Caveat: "Shared memory is read under a lock, as everybody must where others write. The manager is a small one of parcon's own, over a Unix socket; CPython's stands beside where it is measured.",
		Comparisons: []card.Comparison{
			card.Is(card.Time, accessed("manager"), card.Far, accessed("memory")),
			card.Never(lost, incremented("lock", "manager")), card.Sometimes(anyLost, incremented("none", "manager")),
		},
	}}
}

func accessSections() []section.Section {
	object := func(name string) section.Pick { return section.Pick{"object", name} }
	return []section.Section{{
		Topic: "An object of a server process", Claims: []string{"M11"},
		Form: section.Table{
			Finding: []section.Clause{
				section.Lean(
					section.Folded("ns/op", "reading a number of a manager takes %s as long as in shared memory", object("manager"), object("memory")),
					section.Folded("ns/op", "%s as long as a local one", object("manager"), object("local"))),
				section.Folded("ns/op", "in CPython %s as long as in shared memory", object("cpython-manager"), object("cpython-memory")),
			},
			Columns: []section.Column{
				section.Under("number", section.Value("object")),
				section.Under("time of an access", section.Span("ns/op")),
				section.Under("over the local one", func(s section.Samples, row section.Row) string {
					local := "local"
					if strings.HasPrefix(row[0].Get("object"), ofPython) {
						local = ofPython + local
					}
					return s.Over(row[0], s.The("object", local), "ns/op").In(number.Times)
				}),
			},
			Note: "All are read under a lock that nobody else wants. With {interval}s. " + section.Paired,
		},
	}}
}

//go:embed manager.py
var managerPython string

// ofPython begins the names of objects of CPython's.
const ofPython = python + "-"

func prepareAccess(t card.Trial) (card.Session, error) {
	if object, ok := strings.CutPrefix(t.Get("object"), ofPython); ok {
		return cpython.Prepare(t, accessLimit(t.Ops), managerPython, "access", "object="+object)
	}
	o, err := map[string]func(card.Trial) (object, error){"local": localObject, "memory": sharedObject, "manager": managedObject}[t.Get("object")](t)
	if err != nil {
		return card.Session{}, err
	}
	return card.Session{Run: func() (protocol.Measurement, error) { return protocol.Measurement{}, o.read(t.Ops) }, Close: o.close}, nil
}

// kept is the number that is read.
const kept = 4711

// An object has a number: read reads it so many times. Each has a loop of its own: a call
// through an interface would cost a part of what is measured.
type object struct {
	read  func(times int) error
	close func() error
}

func misread(got uint64) error { return fmt.Errorf("reading a number: %d, want %d", got, kept) }

func localObject(card.Trial) (object, error) {
	var lock sync.Mutex
	var number uint64 = kept
	return object{read: func(times int) error {
		for range times {
			lock.Lock()
			got := number
			lock.Unlock()
			if got != kept {
				return misread(got)
			}
		}
		return nil
	}}, nil
}

func sharedObject(card.Trial) (object, error) {
	var all things
	locks, err := add(&all, 1, ipc.NewLock)
	var memory []table[uint64]
	if err == nil {
		memory, err = add(&all, 1, newTable[uint64](1))
	}
	if err != nil {
		return object{}, errors.Join(err, all.free())
	}
	lock, number, ctx := locks[0], &memory[0].rows[0], context.Background() // nobody else has the lock
	*number = kept
	return object{read: func(times int) error {
		for range times {
			if err := lock.Lock(ctx); err != nil {
				return err
			}
			got := *number
			if err := lock.Unlock(); err != nil {
				return err
			}
			if got != kept {
				return misread(got)
			}
		}
		return nil
	}, close: all.free}, nil
}

func managedObject(t card.Trial) (object, error) {
	server, ends, err := startManager(t, 1, 1)
	if err != nil {
		return object{}, err
	}
	end := func() error {
		closeEnds(ends)
		return server.End(patience)
	}
	if err := inTime(1, ends, func() error { return ends[0].write(0, kept) }); err != nil {
		return object{}, errors.Join(err, end())
	}
	return object{read: func(times int) error {
		return inTime(times, ends, func() error {
			for range times {
				got, err := ends[0].read(0)
				if err != nil {
					return err
				}
				if got != kept {
					return misread(got)
				}
			}
			return nil
		})
	}, close: end}, nil
}
