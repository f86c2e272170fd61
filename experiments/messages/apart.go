package messages

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"

	"parcon/experiments/card"
	"parcon/experiments/ipc"
	"parcon/experiments/lcg"
	"parcon/experiments/number"
	"parcon/experiments/peer"
	"parcon/experiments/section"
	"parcon/experiments/variant"
	"parcon/runner/protocol"
)

// apart: a producer computes a number, and a consumer computes with it. In turn, one
// process does both for each item. Apart, they are two processes with a queue of 16
// between them. Producing takes producer units of time, consuming consumer units, and a
// unit is long beside a message, or not; all items of a trial take as long in turn, whatever
// the ratio and the unit. The sum of all answers is known beforehand.
//
// At best they are apart as fast as the slower of the two alone: (producer + consumer) over
// the larger one of them.
var apart = card.Card{
	Name: "apart", Doc: "produces and consumes, in turn or by two processes with a queue between them",
	Needs: []card.Need{card.Linux},
	Keys: []card.Choice{
		{Key: "producer", Format: "make %s"},
		{Key: "consumer", Format: "use %s"},
		{Key: "unit", Values: []string{long, short}, Words: map[string]string{long: "x 200 us", short: "x 20 us"}},
		{Key: "way", Values: []string{"serial", "apart"}, Words: map[string]string{"serial": "in turn", "apart": "apart"}},
	},
	Cases:    apartCases,
	Claims:   apartClaims,
	Prepare:  prepareApart,
	Parts:    map[string]func([]string) error{"consumer": consumeApart},
	Label:    "an item",
	Sections: apartSections,
}

// A pace is how long producing and consuming an item take, in a common unit.
type pace struct {
	producer, consumer int
	unit               string
}

// The units of the claim, and one that a message eats up: of a microsecond's tenfold it is
// a large part.
const (
	long  = "200us"
	short = "20us"
)

// unitSteps are the steps of computing in a unit.
var unitSteps = map[string]int{long: 200 * microsecond, short: 20 * microsecond}

// paces are those of the claim; more of them give the curve its shape, and tell where it
// stops paying.
var (
	paces     = []pace{{1, 4, long}, {1, 1, long}, {4, 1, long}}
	morePaces = []pace{{1, 2, long}, {2, 1, long}, {1, 4, short}, {1, 1, short}, {4, 1, short}}
)

func (p pace) of(way string) variant.Variant {
	return card.Of("apart", "producer", card.Itoa(p.producer), "consumer", card.Itoa(p.consumer), "unit", p.unit, "way", way)
}

// best is the speed-up that is possible.
func (p pace) best() float64 {
	return float64(p.producer+p.consumer) / float64(max(p.producer, p.consumer))
}

func paceOf(v variant.Variant) pace {
	producer, err1 := v.Int("producer", 1)
	consumer, err2 := v.Int("consumer", 1)
	if err1 != nil || err2 != nil {
		return pace{1, 1, long} // Parse looked at them
	}
	return pace{producer, consumer, v.Get("unit")}
}

const (
	stepsATime = 40_000 * microsecond // of a trial, 40 ms and more
	between    = 16                   // the queue's bound
)

func apartCases(s card.Scale) []card.Case {
	all := paces
	if s.Depth >= card.Standard {
		all = append(all[:len(all):len(all)], morePaces...)
	}
	var cases []card.Case
	for _, p := range all {
		items := stepsATime / unitSteps[p.unit] / (p.producer + p.consumer)
		cases = append(cases, card.Run(items, p.of("serial")), card.Run(items, p.of("apart")))
	}
	return append(cases, card.Second(cases[0]))
}

func apartClaims(card.Scale) []card.Claim {
	claim := card.Claim{
		ID: "M5", Text: "Producer and consumer apart are faster than producing and consuming in turn",
		Caveat: "Both compute, some tenths of a millisecond for an item, which is long beside a message between two processes: of items that take a tenth of that a message eats up much of the gain, or all of it. The nearer the two are in speed, the more can be gained, and twice at most.",
		Needs:  []card.Need{card.Cores},
	}
	for _, p := range paces {
		claim.Comparisons = append(claim.Comparisons, card.Is(card.Throughput, p.of("apart"), card.More, p.of("serial")))
	}
	return []card.Claim{claim}
}

func apartSections() []section.Section {
	return []section.Section{{
		Topic: "Producer and consumer apart", Claims: []string{"M5"}, Answer: true,
		Why: "Both work at once, but each item is carried over: the slower of them sets the pace, and the message is paid on top.",
		Form: section.Dots{
			Name: "apart",
			Finding: []section.Clause{section.Lean(
				apartFinding(pace{1, 1, long}, "producer and consumer apart are %s as fast as in turn where both take as long"),
				apartFinding(pace{4, 1, long}, "%s at 4:1"),
				apartFinding(pace{1, 4, long}, "%s at 1:4"))},
			Of: section.Pick{"way", "apart"}, Rows: []string{"producer", "consumer", "unit"},
			Panels: []section.Panel{
				{Title: "throughput apart over in turn", Format: number.Times, Value: apartOver},
				{Title: "of the best possible", Format: number.Percent, Tick: number.Percent, Value: func(s section.Samples, v variant.Variant) number.Interval {
					return apartOver(s, v).Over(paceOf(v).best())
				}},
			},
			Subtitle: fmt.Sprintf("How long producing and consuming an item take beside each other. On {cores}, with a queue of %d between two processes.", between),
			Whiskers: "Whiskers: {interval}s.",
			Note:     "Dots: medians of the ratios in each round. The best possible: producing and consuming together over the slower of them.",
		},
	}, {
		Topic: "Producer and consumer apart, in numbers", Claims: []string{"M5"},
		Form: section.Table{
			Finding: []section.Clause{section.Lean(
				reached(pace{1, 1, long}, "where both take as long, %s of the gain that is possible is reached"),
				reached(pace{4, 1, long}, "%s where producing takes four times as long"),
				reached(pace{1, 4, long}, "%s where consuming does"),
				reached(pace{1, 1, short}, "where both take a tenth of that, %s"))},
			Rows: func(s section.Samples) []section.Row {
				var rows []section.Row
				for _, v := range s.With("way", "apart") {
					rows = append(rows, section.Row{v, paceOf(v).of("serial")})
				}
				return rows
			},
			Columns: []section.Column{
				section.Under("producing to consuming", func(_ section.Samples, row section.Row) string {
					return row[0].Get("producer") + ":" + row[0].Get("consumer")
				}),
				section.Under("unit", func(_ section.Samples, row section.Row) string { return row[0].Get("unit") }),
				section.Under("an item in turn", func(s section.Samples, row section.Row) string { return s.Center(row[1], "ns/op").Span() }),
				section.Under("apart", section.Span("ns/op")),
				section.Under("throughput apart over in turn", func(s section.Samples, row section.Row) string { return apartOver(s, row[0]).In(number.Times) }),
				section.Under("of the possible gain", func(s section.Samples, row section.Row) string { return reached(paceOf(row[0]), "%s")(s) }),
				section.Under("at best", func(_ section.Samples, row section.Row) string { return number.Times(paceOf(row[0]).best()) }),
			},
			Note: "With {interval}s. " + section.Paired,
		},
	}}
}

// apartOver is the throughput of a producer and a consumer apart over the same in turn.
func apartOver(s section.Samples, v variant.Variant) number.Interval {
	p := paceOf(v)
	return s.Over(p.of("serial"), p.of("apart"), "ns/op")
}

func apartFinding(p pace, format string) section.Clause {
	return func(s section.Samples) string { return s.Fold(apartOver(s, p.of("apart")), format) }
}

// reached says how much of the gain was reached that is possible.
func reached(p pace, format string) section.Clause {
	return func(s section.Samples) string {
		over := apartOver(s, p.of("apart"))
		if over.N == 0 {
			return ""
		}
		return fmt.Sprintf(format, number.Percent(max(0, card.Reached(over.Estimate, p.best()))))
	}
}

// An assembly is how many steps each of its two parts makes for an item.
type assembly struct{ producing, consuming int }

func (p pace) assembly() assembly {
	return assembly{p.producer * unitSteps[p.unit], p.consumer * unitSteps[p.unit]}
}

// slowest bounds the pace: an item of it takes some tenths of a second.
const slowest = 1_000

// sum is what the answers of n items come to.
func (a assembly) sum(n int) (sum uint64) {
	for i := range n {
		sum += lcg.Leap(lcg.Leap(uint64(i), a.producing), a.consuming)
	}
	return sum
}

// inTurn makes n items.
func (a assembly) inTurn(n int) (sum uint64) {
	for i := range n {
		sum += lcg.Steps(lcg.Steps(uint64(i), a.producing), a.consuming)
	}
	return sum
}

func prepareApart(t card.Trial) (card.Session, error) {
	p := pace{t.Int("producer", 1), t.Int("consumer", 1), t.Get("unit")}
	if max(p.producer, p.consumer) > slowest {
		return card.Session{}, fmt.Errorf("producing and consuming at a pace of %d to %d: give at most %d", p.producer, p.consumer, slowest)
	}
	a := p.assembly()
	if t.Get("way") == "serial" {
		return card.Session{Run: func() (protocol.Measurement, error) {
			return protocol.Measurement{}, a.check(t.Ops, a.inTurn(t.Ops))
		}}, nil
	}
	var all things
	queues, err := add(&all, 1, newQueue(between))
	if err != nil {
		return card.Session{}, err
	}
	crew, err := hire(t, all.objects(), role{"consumer", []string{strconv.Itoa(a.consuming)}})
	if err != nil {
		return card.Session{}, errors.Join(err, all.free())
	}
	return card.Session{
		Run: func() (protocol.Measurement, error) {
			return protocol.Measurement{}, a.produce(t.Ops, queues[0], crew[0])
		},
		Close: func() error { return errors.Join(crew.End(patience), all.free()) },
	}, nil
}

// check compares a sum with what it must be.
func (a assembly) check(items int, got uint64) error {
	if want := a.sum(items); got != want {
		return fmt.Errorf("producing and consuming %d items: the answers come to %d, want %d", items, got, want)
	}
	return nil
}

// produce makes n items and lets the consumer have them, and hears of it meanwhile: a
// consumer that is gone, or late, takes no more.
func (a assembly) produce(n int, q *ipc.Queue, consumer *peer.Process) error {
	if err := consumer.Tell(strconv.Itoa(n)); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	var answer string
	var failed error
	var hearing sync.WaitGroup
	hearing.Go(func() {
		answer, failed = consumer.Hear()
		cancel()
	})
	var err error
	for i := 0; i < n && err == nil; i++ {
		err = q.Put(ctx, message(lcg.Steps(uint64(i), a.producing)))
	}
	hearing.Wait()
	if err := cmp.Or(failed, err); err != nil {
		return fmt.Errorf("producing %d items: %w", n, err)
	}
	got, err := strconv.ParseUint(answer, 10, 64)
	if err != nil {
		return fmt.Errorf("a consumer said %.100q where its sum was due", answer)
	}
	return a.check(n, got)
}

// consumeApart is the consumer: args are how many steps it makes for an item. It is told
// how many items there are, and says what the answers come to.
func consumeApart(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("consuming: %d arguments, want the steps for an item", len(args))
	}
	steps, err := strconv.Atoi(args[0])
	if err != nil {
		return fmt.Errorf("consuming: %w", err)
	}
	queues, err := openQueues(0, 1)
	if err != nil {
		return err
	}
	return peer.Attend(func(line string) (string, error) {
		items, err := strconv.Atoi(line)
		if err != nil {
			return "", unknown(line)
		}
		sum := uint64(0)
		for i := range items {
			got, err := queues[0].Get(context.Background()) // the parent kills who waits too long
			if err != nil {
				return "", fmt.Errorf("taking item %d of %d: %w", i+1, items, err)
			}
			n, err := numberIn(got)
			if err != nil {
				return "", err
			}
			sum += lcg.Steps(n, steps)
		}
		return strconv.FormatUint(sum, 10), nil
	})
}
