// Package fleet lets one process, the asker, have a run of parcon made by agents on other
// machines, through a NATS server. The agents measure, each by itself and each on its own
// machine; their result files arrive at the asker line by line.
//
// It knows nothing of what a run measures: its options are a text that the agent's own
// program understands and checks. No program travels.
//
// All messages are JSON, and each tells the version of this protocol. The asker calls,
// and whoever hears it answers (Hello). To those it takes it sends an Order. From then on
// an agent sends Pieces, each with the offset at which it belongs, and one a second where
// there is nothing to send, until the last one says that it is done; each is confirmed
// by an Ack that tells how much the asker has. So what is lost is sent again, what comes twice is kept
// once, and either side knows that the other one lives: plain requests do, and nothing is
// kept on the server.
package fleet

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Protocol is the version of the messages.
const Protocol = 1

// callSubject is where agents listen for calls.
const callSubject = "parcon.fleet.call"

// An Identity is what asker and agents must have in common, so that they mean the same by
// the same words.
type Identity struct {
	Version   string `json:"version"`   // of the program
	Catalogue string `json:"catalogue"` // a fingerprint of all that it can measure and claims
}

// head begins each message.
type head struct {
	V int `json:"v"`
}

// A call asks who is there.
type call struct {
	head
	From string `json:"from"`
}

// A Hello is an agent's answer to a call.
type Hello struct {
	head
	Identity
	Name string `json:"name"`
	Host string `json:"host"`           // of the machine, as its result file has it
	At   string `json:"at"`             // the subject where it takes orders
	Busy string `json:"busy,omitempty"` // with whose run; "" if with none
}

// An Order is what an agent is to do.
type Order struct {
	head
	Identity
	Run      string          `json:"run"` // its name, which is a folder's on the agent's machine
	From     string          `json:"from"`
	To       string          `json:"to"`      // the subject where pieces go
	Options  json.RawMessage `json:"options"` // of the run
	Have     int64           `json:"have"`    // bytes of its result file that the asker has
	Sum      string          `json:"sum"`     // the SHA-256 of these
	Patience float64         `json:"patience"`
}

// An answer to an order.
type answer struct {
	head
	Refused string `json:"refused,omitempty"` // why
}

// The files that travel.
const (
	trials = "trials"
	lanes  = "lanes"
)

// A piece of a file, or none, and how far the run is.
type piece struct {
	head
	Name     string `json:"name"`
	File     string `json:"file"`
	Offset   int64  `json:"offset"`
	Text     []byte `json:"text,omitempty"`
	Note     string `json:"note,omitempty"` // what the run says of itself
	Done     bool   `json:"done,omitempty"` // all was sent, and the agent is free
	Complete bool   `json:"complete,omitempty"`
	Failed   string `json:"failed,omitempty"` // why a run ended that is done
}

// An ack confirms a piece.
type ack struct {
	head
	Have int64  `json:"have"`           // bytes of that file
	Stop string `json:"stop,omitempty"` // why the run is to end
}

// versioned is any message.
type versioned interface{ version() int }

func (h head) version() int { return h.V }

func encode(message any) []byte {
	text, err := json.Marshal(message)
	if err != nil { // no message holds what JSON has no form for
		panic(fmt.Sprintf("fleet: encoding %T: %v", message, err))
	}
	return text
}

// decode reads a message. What is no message of this version is an error.
func decode[M versioned](text []byte) (M, error) {
	var m M
	if err := json.Unmarshal(text, &m); err != nil {
		return m, fmt.Errorf("reading a message of the fleet: %w", err)
	}
	if v := m.version(); v != Protocol {
		return m, fmt.Errorf("reading a message of the fleet: it is of version %d, this program speaks %d: use one version of parcon everywhere", v, Protocol)
	}
	return m, nil
}

// CheckName says what is wrong with the name of an agent or a run, which is a folder's
// too, on every system.
func CheckName(name string) error {
	const most = 64
	ok := name != "" && len(name) <= most && !strings.HasPrefix(name, ".") && !strings.HasSuffix(name, ".") &&
		!strings.ContainsFunc(name, func(c rune) bool {
			return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("._-", c))
		})
	if !ok {
		return fmt.Errorf("%.80q is no name: give up to %d letters, digits, dots, - and _, with no dot at its ends", name, most)
	}
	return nil
}
