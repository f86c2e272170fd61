package messages

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/ipc"
	"parcon/experiments/peer"
)

// A manager is a process that has numbers which others read and write: each access is a
// message to it and an answer, over a Unix socket for each client (ipc.Pipe). It serves
// one access at a time. CPython's multiprocessing.Manager does it in this way too, with a
// thread for each connection (managers.py, Server.serve_client).

// A request is what to do with which number: read it, or write it.
type request struct {
	write bool
	index int
	value uint64
}

const requestSize = 1 + 8 + 8

func (r request) message() []byte {
	m := make([]byte, 1, requestSize)
	if r.write {
		m[0] = 1
	}
	m = binary.LittleEndian.AppendUint64(m, uint64(r.index))
	return binary.LittleEndian.AppendUint64(m, r.value)
}

// requestIn reads one for one of so many numbers.
func requestIn(m []byte, numbers int) (request, error) {
	if len(m) != requestSize || m[0] > 1 || binary.LittleEndian.Uint64(m[1:]) >= uint64(numbers) {
		return request{}, fmt.Errorf("a request % x for one of %d numbers: it is of another version", m, numbers)
	}
	return request{m[0] == 1, int(binary.LittleEndian.Uint64(m[1:])), binary.LittleEndian.Uint64(m[9:])}, nil
}

// A client asks a manager.
type client struct{ *ipc.End }

func (c client) do(r request) (uint64, error) {
	ctx := context.Background() // a manager that is gone closes its end; of one that is late see inTime
	if err := c.Send(ctx, r.message()); err != nil {
		return 0, fmt.Errorf("asking a manager: %w", err)
	}
	answer, err := c.Recv(ctx)
	if err != nil {
		return 0, fmt.Errorf("waiting for a manager's answer: %w", err)
	}
	return numberIn(answer)
}

func (c client) read(index int) (uint64, error) { return c.do(request{index: index}) }

func (c client) write(index int, value uint64) error {
	_, err := c.do(request{write: true, index: index, value: value})
	return err
}

// manage is a manager: args are how many clients and how many numbers it has. It lives
// until its standard input ends.
func manage(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("managing numbers: %d arguments, want how many clients and numbers", len(args))
	}
	clients, err1 := strconv.Atoi(args[0])
	numbers, err2 := strconv.Atoi(args[1])
	if err := errors.Join(err1, err2); err != nil {
		return fmt.Errorf("managing numbers: %w", err)
	}
	m := &managed{numbers: make([]uint64, numbers)}
	for i := range clients {
		end, err := ipc.OpenEnd(ipc.Inherited(i))
		if err != nil {
			return err
		}
		go m.serve(end)
	}
	return peer.Attend(func(line string) (string, error) { return "", unknown(line) })
}

// managed are the numbers of a manager.
type managed struct {
	mu      sync.Mutex
	numbers []uint64
}

// serve answers a client, until that is gone or asks what nobody can answer.
func (m *managed) serve(end *ipc.End) {
	defer end.Close()
	ctx := context.Background()
	for {
		asked, err := end.Recv(ctx)
		if err != nil {
			return
		}
		r, err := requestIn(asked, len(m.numbers))
		if err != nil {
			return
		}
		if end.Send(ctx, message(m.do(r))) != nil {
			return
		}
	}
}

func (m *managed) do(r request) uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r.write {
		m.numbers[r.index] = r.value
	}
	return m.numbers[r.index]
}

// startManager starts one, and returns it and the ends of its clients.
func startManager(t card.Trial, clients, numbers int) (server peer.Crew, ends []client, err error) {
	var theirs []ipc.Object
	defer func() {
		for _, end := range theirs { // its copies are the manager's
			err = errors.Join(err, end.(*ipc.End).Close())
		}
	}()
	for range clients {
		ours, other, err := ipc.NewPipe()
		if err != nil {
			closeEnds(ends)
			return nil, nil, err
		}
		ends, theirs = append(ends, client{ours}), append(theirs, other)
	}
	if server, err = hire(t, theirs, role{"manager", []string{strconv.Itoa(clients), strconv.Itoa(numbers)}}); err != nil {
		closeEnds(ends)
	}
	return server, ends, err
}

// accessLimit is how long so many accesses may take.
func accessLimit(times int) time.Duration { return 2*patience + time.Duration(times)*time.Millisecond }

// inTime accesses a manager so many times, and closes the ends of its clients if that takes
// too long, which ends an access that hangs. A deadline of each would cost a part of its
// time. A part needs none: its parent kills who is late.
func inTime(times int, ends []client, do func() error) error {
	late := time.AfterFunc(accessLimit(times), func() { closeEnds(ends) })
	defer late.Stop()
	return do()
}

func closeEnds(ends []client) {
	for _, end := range ends {
		_ = end.Close()
	}
}
