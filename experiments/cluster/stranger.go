package cluster

import (
	"errors"
	"fmt"
	"strconv"

	"parcon/experiments/card"
	"parcon/experiments/peer"
	"parcon/experiments/remote"
	"parcon/runner/protocol"
)

// stranger lets another process connect to a queue's server with a key. In each try it
// connects anew, as a worker does that is started.
var stranger = card.Card{
	Name: "stranger", Doc: "is a worker refused that has not the right key?",
	Keys: []card.Choice{{Key: "key", Values: []string{"wrong", "none", "other", "right"}, Words: map[string]string{
		"wrong": "a wrong key", "none": "no key", "other": "a key of another kind", "right": "the right key",
	}}},
	Label:       "refused",
	Independent: true,
	Needs:       []card.Need{card.Linux},
	Cases:       strangerCases,
	Claims:      strangerClaims,
	Prepare:     prepareStranger,
}

func comesWith(key string) card.Case {
	return card.Run(card.Tries, card.Of("stranger", "key", key))
}

func strangerCases(card.Scale) []card.Case {
	return []card.Case{
		comesWith("wrong"), comesWith("none"), comesWith("other"), comesWith("right"), card.Second(comesWith("right")),
	}
}

func strangerClaims(card.Scale) []card.Claim {
	refused := func(key string) card.Comparison { return card.Always(card.Seen, comesWith(key).Variant) }
	return []card.Claim{{
		ID: "D2", Text: "A worker without the right key is refused",
		Caveat: "The key is a token, which NATS sends as it is: on a network that others can listen to it needs TLS. The other key is that of a pair (nkey), which only signs.",
		Comparisons: []card.Comparison{
			refused("wrong"), refused("none"), refused("other"), card.Never(card.Seen, comesWith("right").Variant),
		},
	}}
}

// keys are what strangers come with. The last one is the seed of a pair that belongs to
// nobody.
var keys = map[string]string{
	"wrong": "parcon-trial-on-loopbacK", "none": "", "right": remote.Key,
	"other": "SUAKYRHVIOREXV7EUZTBHUHL7NUMHPMAS7QMDU3GTIUWEI5LDNOXD43IZY",
}

func prepareStranger(t card.Trial) (card.Session, error) {
	p, err := start(t, remote.Order{Store: remote.Memory, Prefetch: 1, Patience: patience}, 0)
	if err != nil {
		return card.Session{}, err
	}
	who, err := knocker(p, t.Get("key"))
	if err != nil {
		p.Kill()
		return card.Session{}, err
	}
	return card.Session{
		Run:   func() (protocol.Measurement, error) { return knocks(who, t.Ops) },
		Close: func() error { return errors.Join(who.End(patience), p.Close()) },
	}, nil
}

// knocker starts one who comes with a key.
func knocker(p *remote.Pool, key string) (*peer.Process, error) {
	who, err := p.Stranger(keys[key])
	if err != nil {
		return nil, fmt.Errorf("starting a stranger: %w", err)
	}
	return who, nil
}

func knocks(who *peer.Process, tries int) (protocol.Measurement, error) {
	line, err := who.Ask(remote.AskKnock + " " + strconv.Itoa(tries))
	if err != nil {
		return nil, err
	}
	refused, err := strconv.Atoi(line)
	if err != nil {
		return nil, fmt.Errorf("a stranger said %.40q, want a number", line)
	}
	return protocol.Measurement{card.UnitTries: float64(tries), card.UnitSeen: float64(refused)}, nil
}
