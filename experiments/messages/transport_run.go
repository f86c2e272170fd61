package messages

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/cpython"
	"parcon/experiments/peer"
	"parcon/runner/affinity"
	"parcon/runner/clock"
	"parcon/runner/protocol"
)

//go:embed transport.py
var transportPython string

func prepareTransport(t card.Trial) (card.Session, error) {
	pair, err := affinity.ChoosePair(t.Get("cores") == twoCores)
	if err != nil {
		return card.Session{}, err
	}
	if transport := t.Get("transport"); isPython(transport) {
		return cpython.Prepare(t, transportPatience(t.Ops), transportPython, "transport", "way="+transport,
			"what="+t.Get("what"), "size="+t.Get("size"), fmt.Sprint("here=", pair.Here), fmt.Sprint("beyond=", pair.Beyond))
	}
	r, err := connectRoad(t, pair)
	if err != nil {
		return card.Session{}, errors.Join(err, pair.Release())
	}
	finish := func() error { return errors.Join(r.close(), pair.Release()) }
	if _, err := r.travel(r.warm); err != nil {
		return card.Session{}, errors.Join(err, finish())
	}
	return card.Session{Run: r.measure, Close: finish}, nil
}

// transportPatience is how long so many messages may take: none takes longer than a few
// milliseconds on average.
func transportPatience(n int) time.Duration {
	return 2*patience + time.Duration(n)*5*time.Millisecond
}

// A road leads to another process or goroutine, and back.
type road struct {
	end
	size       int
	warm, trip journey // before the clock runs, and while it does
	// arrived says how the other side's journeys ended, and is closed. It is waited for from
	// the beginning: an error of the other side ends this side's waiting.
	arrived chan error
	stop    func() // ends the other side at once
	finish  func() error
}

func (r road) close() error { return errors.Join(r.finish(), r.end.close()) }

// connectRoad starts the other side and pins both.
func connectRoad(t card.Trial, pair affinity.Pair) (road, error) {
	flow := t.Get("what") == flowing
	size, err := strconv.Atoi(t.Get("size"))
	if err != nil {
		return road{}, err
	}
	r := road{size: size, warm: journey{flow, min(t.Ops, 50)}, trip: journey{flow, t.Ops}, arrived: make(chan error, 1)}
	cores := []int{pair.Here}
	if t.Get("transport") == channelTransport && pair.Beyond != pair.Here {
		cores = append(cores, pair.Beyond)
	}
	if err := affinity.Process(cores...); err != nil {
		return road{}, err
	}
	if t.Get("transport") == channelTransport {
		return r.toGoroutine(), nil
	}
	return r.toProcess(t, pair.Beyond)
}

func (r road) toGoroutine() road {
	ours, theirs := channelPair(r.size)
	r.end = &ours
	r.stop = func() {}
	r.finish = func() error { return nil }
	go func() {
		r.arrived <- r.follow(&theirs)
		close(r.arrived)
		_ = theirs.close()
	}()
	return r
}

func (r road) toProcess(t card.Trial, core int) (road, error) {
	ctx, cancel := context.WithCancel(context.Background())
	ours, theirs, done, err := openEnds(ctx, t.Get("transport"), r.size)
	if err != nil {
		cancel()
		return r, err
	}
	crew, err := peer.Assemble(1, transportPatience(r.trip.n), func(int) *exec.Cmd {
		cmd := peer.Part(t, 2, "follow", t.Get("transport"), t.Get("what"), t.Get("size"), strconv.Itoa(core), strconv.Itoa(r.warm.n), strconv.Itoa(r.trip.n))
		cmd.ExtraFiles = theirs
		return cmd
	})
	// This process keeps no copy of the other's ends: else it would not see that the other is
	// gone.
	done()
	if err != nil {
		cancel()
		return r, errors.Join(err, ours.close())
	}
	crew.Tell("go")
	r.end = ours
	go func() {
		err := crew.Expect(arrivedWell)
		if err != nil {
			cancel() // of a ring
		}
		r.arrived <- err
		close(r.arrived)
	}()
	r.stop = crew.Kill
	r.finish = func() error {
		cancel()
		select {
		case <-r.arrived:
			return crew.End(patience)
		default: // it waits for messages that nobody will send
			crew.Kill()
			return nil
		}
	}
	return r, nil
}

// arrivedWell is what the other process says at the end.
const arrivedWell = "arrived"

// travel goes a journey, and looks at all of the last answer afterwards. It returns the
// time that it took.
func (r road) travel(j journey) (ns int64, err error) {
	start := clock.Now()
	last, err := j.lead(r.end)
	ns = clock.Now() - start
	if err == nil {
		err = last.whole(^j.last())
	}
	if err == nil {
		return ns, nil
	}
	// The other side may be the reason: then it says so soon.
	select {
	case other := <-r.arrived:
		err = cmp.Or(other, err)
	case <-time.After(time.Second):
		r.stop()
	}
	return 0, err
}

// follow is the other side's way through both journeys.
func (r road) follow(e end) error {
	for _, j := range []journey{r.warm, r.trip} {
		last, err := j.follow(e)
		if err == nil {
			err = last.whole(j.last())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// measure goes the journey that is measured.
func (r road) measure() (protocol.Measurement, error) {
	ns, err := r.travel(r.trip)
	if err != nil {
		return nil, err
	}
	if err := <-r.arrived; err != nil {
		return nil, err
	}
	m := protocol.Measurement{"ns/op": float64(ns) / float64(r.trip.n)}
	if r.trip.flow {
		m[bytesPerSecond] = float64(r.size) * float64(r.trip.n) / float64(ns) * 1e9
	}
	return m, nil
}

// followPart is the other process. Its arguments are transport, what, size, core, and the
// lengths of both journeys.
func followPart(args []string) error {
	if len(args) != 6 {
		return fmt.Errorf("following with %d arguments: it needs 6", len(args))
	}
	var numbers [4]int
	for i, arg := range args[2:] {
		var err error
		if numbers[i], err = strconv.Atoi(arg); err != nil {
			return fmt.Errorf("following: %w", err)
		}
	}
	if err := affinity.Process(numbers[1]); err != nil {
		return err
	}
	flow := args[1] == flowing
	r := road{size: numbers[0], warm: journey{flow, numbers[2]}, trip: journey{flow, numbers[3]}}
	e, err := inheritEnd(args[0], r.size)
	if err != nil {
		return err
	}
	return peer.Attend(func(string) (string, error) { return arrivedWell, r.follow(e) })
}
