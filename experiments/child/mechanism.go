package child

import (
	"errors"
	"fmt"
	"os"
	"runtime"

	"parcon/experiments/card"
	"parcon/experiments/chapters"
	"parcon/runner/clock"
	"parcon/runner/protocol"
	"parcon/runner/usage"
)

// prepareMechanism makes a mechanism ready to be measured.
func prepareMechanism(order Order) (func() (protocol.Measurement, error), error) {
	m, v, err := card.Parse(chapters.Cards(), order.Variant)
	if err != nil {
		return nil, err
	}
	if why := m.Unmet(card.Scale{System: runtime.GOOS, Cores: runtime.NumCPU()}); why != "" {
		return nil, fmt.Errorf("mechanism %s: %s", m.Name, why)
	}
	env, err := order.Setting.env()
	if err != nil {
		return nil, err
	}
	session, err := m.Prepare(card.Trial{Variant: v, Ops: order.Tasks, Env: env})
	if err != nil {
		return nil, fmt.Errorf("preparing %s: %w", order.Variant, err)
	}
	return func() (protocol.Measurement, error) { return measureMechanism(session, order.Tasks) }, nil
}

// Hindrances say why cards that are to be tried cannot be prepared by this user on
// this machine, by their names: it tries. Of those that need room it looks for it.
func Hindrances() map[string]string {
	found := map[string]string{}
	for _, chapter := range chapters.All {
		for _, c := range chapter.Cards {
			if why := crowded(c.Room); c.Room > 0 && why != "" {
				found[c.Name] = why
			}
		}
	}
	for _, c := range chapters.Cards() {
		if !c.Tried || c.Unmet(card.Scale{System: runtime.GOOS, Cores: runtime.NumCPU()}) != "" {
			continue
		}
		if why := hindrance(c); why != "" {
			found[c.Name] = why
		}
	}
	return found
}

// hindrance says it of one card, "" if there is none.
func hindrance(c card.Card) string {
	env, err := Setting{}.env()
	if err != nil {
		return err.Error()
	}
	session, err := c.Prepare(card.Trial{Variant: card.Of(c.Name), Ops: 1, Env: env})
	if err == nil && session.Close != nil {
		err = session.Close()
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// env is what mechanisms are told of a run's setting.
func (s Setting) env() (card.Env, error) {
	env := card.Env{Part: s.Part, Empty: s.Empty, Worker: s.Worker, Server: s.Server, NetServer: s.NetServer, Queue: s.Queue, Python: s.Python, Pythons: s.Pythons, Dir: s.Dir}
	self, err := os.Executable()
	if err != nil {
		return env, fmt.Errorf("finding the path of this program, to start it as a part: %w", err)
	}
	for _, p := range []struct {
		argv *[]string
		role string
	}{{&env.Part, Part}, {&env.Empty, Empty}, {&env.Worker, Worker}, {&env.Server, Serve}, {&env.NetServer, Serve}} {
		if len(*p.argv) == 0 {
			*p.argv = []string{self, Argument, p.role}
		}
	}
	return env, nil
}

// measureMechanism runs a session and adds what it left open: the time of an
// operation and what this process and its ended children consumed meanwhile.
func measureMechanism(session card.Session, ops int) (protocol.Measurement, error) {
	before := usage.Self().Plus(usage.Children())
	start := clock.Now()
	m, err := session.Run()
	end := clock.Now()
	used := usage.SelfAfter().Plus(usage.Children()).Since(before)
	if session.Close != nil {
		err = errors.Join(err, session.Close())
	}
	if err != nil {
		return nil, err
	}
	if m == nil {
		m = protocol.Measurement{}
	}
	wall, n := float64(end-start), float64(ops)
	for unit, value := range map[string]float64{
		"ns/op":          wall / n,
		"cpu-ns/op":      float64(used.CPU()) / n,
		"cores-busy":     float64(used.CPU()) / wall,
		"ctxsw/op":       float64(used.Voluntary+used.Involuntary) / n,
		"peak-rss-bytes": float64(used.PeakRSS),
		"gomaxprocs":     float64(runtime.GOMAXPROCS(0)),
	} {
		if _, given := m[unit]; !given {
			m[unit] = value
		}
	}
	return m, nil
}
