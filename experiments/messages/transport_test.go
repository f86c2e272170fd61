package messages

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"parcon/experiments/card"
	"parcon/experiments/card/cardtest"
	"parcon/runner/proc/proctest"
)

// own are the cards of transports.
var own = []card.Card{transports, frames, calls}

func TestEveryTransport(t *testing.T) {
	units := cardtest.NewUnits(t, own)
	for _, c := range own {
		for _, v := range cardtest.Variants(c, nil) {
			if isPython(v.Get("transport")) && (v.Get("size") != "64" || v.Get("cores") != oneCore) {
				continue // each takes a third of a second
			}
			t.Run(v.String(), func(t *testing.T) {
				units.Try(t, c)
				if v.Get("cores") == twoCores && runtime.NumCPU() < 2 {
					t.Skip("there is only one core")
				}
				for _, ops := range []int{1, 5} {
					m := measure(t, v.String(), ops)
					units.Check(t, c, m)
					if v.Get("what") == flowing && m[bytesPerSecond] <= 0 {
						t.Errorf("nothing flows: %v", m)
					}
					if want, counted := m[card.UnitTries]; counted && want != float64(ops) {
						t.Errorf("%v tries, want %d", want, ops)
					}
					if c.Name == calls.Name && m[card.UnitSeen] != float64(ops) {
						t.Errorf("some answers are wrong: %v", m)
					}
					if v.Get("way") == queueTransport && (m[unitGarbled] != 0 || m[card.UnitEpisodes] != float64(ops)) {
						t.Errorf("a queue garbles, or has not %d episodes: %v", ops, m)
					}
				}
			})
		}
	}
}

// Frames of two writes do get garbled, or the judge sees nothing. One trial may be lucky,
// twenty are not.
func TestFramesAreGarbledWithoutALock(t *testing.T) {
	for _, name := range []string{"mechanism=frames/way=pipe/size=20000/writes=2", "mechanism=frames/way=pipe/size=64/writes=2"} {
		garbled := 0.0
		for range 20 {
			if garbled += measure(t, name, 4_000)[unitGarbled]; garbled > 0 {
				break
			}
		}
		if garbled == 0 {
			t.Errorf("%s: none of 80,000 was garbled", name)
		}
	}
	if m := measure(t, "mechanism=frames/way=pipe/size=64/writes=1", 4_000); m[unitGarbled] != 0 {
		t.Errorf("what a pipe takes in one piece was garbled: %v", m)
	}
}

func TestAFrameJudge(t *testing.T) {
	const size = 64
	a0, a1, b0 := newFrame(0, 0, size), newFrame(0, 1, size), newFrame(1, 0, size)
	b := func(parts ...[]byte) (all []byte) {
		for _, p := range parts {
			all = append(all, p...)
		}
		return all
	}
	for name, c := range map[string]struct {
		text    []byte
		garbled int
	}{
		"all whole":            {b(a0, a1, b0), 0},
		"heads side by side":   {b(a0, a1[:4], b0[:4], b0[4:], a1[4:]), 1},
		"one inside another":   {b(a0[:10], b0, a0[10:], a1), 1},
		"torn to the end":      {b(a1, a0[:30], b0[:30], a0[30:], b0[30:]), 2},
		"the same twice":       {b(a0, a0, b0), 1},
		"a number not written": {b(a0, newFrame(0, 7, size), b0), 1},
	} {
		for _, piece := range []int{1, 7, size, 1000} {
			j := newFrameJudge(size, 3)
			j.seen[0], j.seen[1] = make([]bool, 2), make([]bool, 1)
			for rest := c.text; len(rest) > 0; rest = rest[min(piece, len(rest)):] {
				_, _ = j.Write(rest[:min(piece, len(rest))])
			}
			if got, err := j.garbled(); got != c.garbled || err != nil {
				t.Errorf("%s, in pieces of %d: %d garbled, %v, want %d", name, piece, got, err, c.garbled)
			}
		}
	}
	j := newFrameJudge(size, 3)
	_, _ = j.Write(a0)
	if _, err := j.garbled(); err == nil {
		t.Error("bytes are missing, and it says nothing")
	}
}

func TestParcels(t *testing.T) {
	for _, size := range []int{64, 4096, 1 << 20} {
		p := newParcel(size)
		p.stamp(7)
		if err := errors.Join(p.is(7), p.whole(7)); err != nil {
			t.Error(err)
		}
		if p.is(8) == nil || p.whole(8) == nil {
			t.Errorf("a parcel of %d bytes is of two numbers", size)
		}
		p[size/2+3]++
		if p.whole(7) == nil {
			t.Errorf("a parcel of %d bytes is whole with another byte in it", size)
		}
		p.stamp(7)
		p[size-1]++
		if p.is(7) == nil {
			t.Errorf("the end of a parcel of %d bytes is not looked at", size)
		}
	}
}

// A stubborn end sends another message than it was given.
type stubborn struct{ end }

func (e stubborn) send() error {
	e.blank().stamp(12345)
	return e.end.send()
}

func TestAWrongMessageIsNoticed(t *testing.T) {
	for _, flow := range []bool{true, false} {
		ours, theirs := channelPair(64)
		followed := make(chan error, 1)
		j := journey{flow, 2}
		go func() {
			_, err := j.follow(&theirs)
			followed <- err
			_ = theirs.close()
		}()
		if _, err := j.lead(stubborn{&ours}); err == nil {
			t.Error("the sender did not hear of it")
		}
		_ = ours.close()
		if err := <-followed; err == nil || !strings.Contains(err.Error(), "12345") {
			t.Errorf("the receiver: %v", err)
		}
	}
}

func TestTransportsWithoutWhatTheyNeed(t *testing.T) {
	if _, err := prepare("mechanism=transport/transport=cpython-pipe/what=roundtrip/size=64/cores=one", 1, ""); err == nil ||
		runtime.GOOS == "linux" && !strings.Contains(err.Error(), "CPython") {
		t.Errorf("without CPython: %v", err)
	}
	for _, args := range [][]string{{"transport", "follow"}, {"transport", "follow", "pipe", "roundtrip", "64", "x", "1", "1"}, {"frames", "write", "1"}, {"call", "serve"}, {"call", "serve", "pipe", "some"}} {
		if err := card.RunPart(Chapter.Cards, args); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v", args, err)
		}
	}
}

// Whoever waits for a process that fails, or never was one, says why, and leaves nothing.
func TestTransportsWhoseProcessFails(t *testing.T) {
	for _, name := range []string{
		"mechanism=transport/transport=pipe/what=roundtrip/size=64/cores=one",
		"mechanism=transport/transport=queue/what=throughput/size=64/cores=one",
		"mechanism=transport/transport=tcp/what=roundtrip/size=64/cores=one",
		"mechanism=transport/transport=ring-futex/what=roundtrip/size=64/cores=one",
		"mechanism=frames/way=queue/size=64/writes=1", "mechanism=call/way=pipe", "mechanism=call/way=unix",
	} {
		t.Run(name, func(t *testing.T) {
			needs(t, name)
			proctest.Tidy(t)
			c, v, err := card.Parse(Chapter.Cards, name)
			if err != nil {
				t.Fatal(err)
			}
			_, err = c.Prepare(card.Trial{Variant: v, Ops: 2, Env: card.Env{Part: []string{filepath.Join(t.TempDir(), "none")}}})
			if !errors.Is(err, os.ErrNotExist) {
				t.Error(err)
			}
		})
	}
}
