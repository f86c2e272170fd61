package messages

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/ipc"
	"parcon/experiments/peer"
	"parcon/experiments/section"
	"parcon/experiments/variant"
	"parcon/runner/protocol"
)

// markers: three processes take items from one queue, each until it takes an end marker.
// There is a marker for each, and all end; or one less, and one goes on waiting, which is
// watched for a moment. Then the last marker comes, and it ends too. All items must have
// been taken.
var markers = card.Card{
	Name: "markers", Doc: "end markers for the consumers of a queue: one for each, or one too few",
	Independent: true,
	Needs:       []card.Need{card.Linux},
	Keys: []card.Choice{{Key: "markers", Values: []string{"each", "few"}, Words: map[string]string{
		"each": "one for each consumer", "few": "one too few",
	}}},
	Cases:    markersCases,
	Claims:   markersClaims,
	Prepare:  prepareMarkers,
	Parts:    map[string]func([]string) error{"consumer": consumeToMarker},
	Counts:   []string{unitHanging},
	Label:    "end markers",
	Sections: markersSections,
}

// unitHanging is in how many tries exactly one consumer went on waiting.
const unitHanging = "hanging"

var oneHangs = card.Measure{Name: "one left hanging", Unit: unitHanging, How: card.Every}

func marked(markers string) variant.Variant { return card.Of("markers", "markers", markers) }

func markersCases(card.Scale) []card.Case {
	return []card.Case{card.Run(card.Tries, marked("each")), card.Run(card.Tries, marked("few"))}
}

func markersClaims(card.Scale) []card.Claim {
	return []card.Claim{{
		ID: "M6", Text: "One end marker for each consumer ends them all; one too few leaves one hanging",
		Caveat: fmt.Sprintf("%d consumers. One hangs if it has not ended %d ms after the others.", consumers, moment.Milliseconds()),
		Comparisons: []card.Comparison{
			card.Always(card.Seen, marked("each")), card.Never(oneHangs, marked("each")),
			card.Always(oneHangs, marked("few")),
		},
	}}
}

func markersSections() []section.Section {
	return []section.Section{{
		Topic: "End markers", Claims: []string{"M6"},
		Form: section.Table{
			Finding: []section.Clause{
				section.Counted("seen", "one end marker for each consumer ended all in %s tries", "markers", "each"),
				section.Counted(unitHanging, "one too few left one hanging in %s", "markers", "few"),
			},
			Columns: []section.Column{
				section.Under("end markers", section.Value("markers")),
				section.Under("one left hanging", section.Count(unitHanging)),
				section.Under("all ended once there was one for each", section.Count("seen")),
			},
			Note: fmt.Sprintf("%d consumers and %d items. One hangs if it has not ended %d ms after the others.", consumers, itemsToMarker, moment.Milliseconds()),
		},
	}}
}

const (
	consumers     = 3
	itemsToMarker = 12
	teams         = 3 // of consumers, which make tries at the same time
)

// A team is consumers, and for each of their tries a queue of items and one in which those
// say that they have ended.
type team struct {
	crew         peer.Crew
	items, ended []*ipc.Queue
}

func prepareMarkers(t card.Trial) (card.Session, error) {
	return card.Session{Run: func() (protocol.Measurement, error) {
		return batches(t.Ops, func(tries int) (protocol.Measurement, error) {
			working := min(tries, teams)
			counted, err := card.Together(working, working, func(i int) (protocol.Measurement, error) {
				return teamwork(t, share(tries, working, i))
			})
			sum := protocol.Measurement{}
			for _, m := range counted {
				for unit, n := range m {
					sum[unit] += n
				}
			}
			return sum, err
		})
	}}, nil
}

// A parting is what was seen when consumers ended.
type parting struct{ hanging, all bool }

// teamwork makes tries one after another with the same consumers.
func teamwork(t card.Trial, tries int) (_ protocol.Measurement, err error) {
	var all things
	defer func() { err = errors.Join(err, all.free()) }()
	var one team
	if one.items, err = add(&all, tries, newQueue(itemsToMarker+consumers)); err != nil {
		return nil, err
	}
	if one.ended, err = add(&all, tries, newQueue(consumers)); err != nil {
		return nil, err
	}
	if one.crew, err = hire(t, all.objects(), several(consumers, "consumer", strconv.Itoa(tries))...); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, one.crew.End(patience)) }()
	seen := make([]parting, tries)
	for try := range seen {
		if seen[try], err = one.part(try, t.Get("markers") == "few"); err != nil {
			return nil, err
		}
	}
	return count(seen, map[string]func(parting) bool{
		card.UnitSeen: func(p parting) bool { return p.all },
		unitHanging:   func(p parting) bool { return p.hanging },
	}), nil
}

// part is one try.
func (one team) part(try int, few bool) (p parting, err error) {
	one.crew.Tell(fmt.Sprint("go ", try))
	items, missing := one.items[try], 0
	if few {
		missing = 1
	}
	for i := range itemsToMarker {
		err = errors.Join(err, items.TryPut(message(uint64(i))))
	}
	for range consumers - missing {
		err = errors.Join(err, items.TryPut(marker))
	}
	if err != nil {
		return p, fmt.Errorf("putting items and end markers: %w", err)
	}
	ended, err := one.await(try, consumers-missing, patience)
	if err == nil && few {
		var more int
		more, err = one.await(try, 1, moment)
		p.hanging = ended == consumers-1 && more == 0
		ended, err = ended+more, errors.Join(err, items.TryPut(marker))
	}
	if err != nil {
		return p, err
	}
	last, err := one.await(try, consumers-ended, patience)
	if err != nil {
		return p, err
	}
	p.all = ended+last == consumers
	if err := items.Close(); err != nil { // who did not end by a marker ends by this
		return p, err
	}
	return p, one.took()
}

// await waits for so many consumers to end, and says how many did in time.
func (one team) await(try, n int, limit time.Duration) (int, error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	for i := range n {
		_, err := one.ended[try].Get(ctx)
		if errors.Is(err, context.DeadlineExceeded) {
			return i, nil
		}
		if err != nil {
			return i, fmt.Errorf("waiting for the end of a consumer: %w", err)
		}
	}
	return n, nil
}

// took hears what those that have ended took: all items together.
func (one team) took() error {
	lines, err := one.crew.Hear()
	if err != nil {
		return err
	}
	sum := 0
	for _, line := range lines {
		n, err := strconv.Atoi(line)
		if err != nil {
			return fmt.Errorf("a consumer said %.100q where its number of items was due", line)
		}
		sum += n
	}
	if sum != itemsToMarker {
		return fmt.Errorf("%d items were taken of %d that were put", sum, itemsToMarker)
	}
	return nil
}

// marker is the end marker: a message of nothing.
var marker []byte

// consumeToMarker is a consumer: args are how many tries there are.
func consumeToMarker(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("consuming up to an end marker: %d arguments, want the number of queues", len(args))
	}
	tries, err := strconv.Atoi(args[0])
	if err != nil {
		return fmt.Errorf("consuming up to an end marker: %w", err)
	}
	items, err := openQueues(0, tries)
	if err != nil {
		return err
	}
	ended, err := openQueues(tries, tries)
	if err != nil {
		return err
	}
	return heed(tries, func(_ string, try int) (string, error) {
		for n := 0; ; n++ {
			got, err := items[try].Get(context.Background()) // the parent kills who waits too long
			if errors.Is(err, io.EOF) {
				return strconv.Itoa(n), nil
			}
			if err != nil {
				return "", fmt.Errorf("taking an item: %w", err)
			}
			if len(got) == 0 {
				return strconv.Itoa(n), ended[try].TryPut(marker)
			}
		}
	})
}
