package taskqueue

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// An Answer is what became of a task.
type Answer struct {
	Task   int
	Body   []byte // of one that was computed; valid until the function that gets it returns
	Fault  string // why there is none; "" if there is
	Worker string // who computed it
	Times  int    // how often the task was handed out until then, from 1
}

// A task's frame is the job's ID, its number (8 bytes each, little endian), and its bytes.
// The ID is in every frame, since a server that was lost and found again may be another
// one, with another job in a queue of the same name.

const taskHead = 16

func appendTask(buf []byte, job uint64, number int, body []byte) []byte {
	buf = binary.LittleEndian.AppendUint64(buf, job)
	return append(binary.LittleEndian.AppendUint64(buf, uint64(number)), body...)
}

var errFrame = errors.New("a message in the queue is none of parcon's, or was cut")

func parseTask(frame []byte) (job uint64, number int, body []byte, err error) {
	if len(frame) < taskHead {
		return 0, 0, nil, errFrame
	}
	n := binary.LittleEndian.Uint64(frame[8:])
	if n > 1<<50 {
		return 0, 0, nil, errFrame
	}
	return binary.LittleEndian.Uint64(frame), int(n), frame[taskHead:], nil
}

// A frame of answers is the job's ID, the worker's name and any number of answers: number,
// times, whether it is a fault, length, bytes. Numbers are uvarints, but for the ID.

func appendWorker(buf []byte, job uint64, worker string) []byte {
	buf = binary.LittleEndian.AppendUint64(buf, job)
	return append(binary.AppendUvarint(buf, uint64(len(worker))), worker...)
}

func appendAnswer(buf []byte, number, times int, body []byte, fault string) []byte {
	buf = binary.AppendUvarint(buf, uint64(number))
	buf = binary.AppendUvarint(buf, uint64(times))
	kind := byte(0)
	if fault != "" {
		kind, body = 1, []byte(fault)
	}
	buf = append(buf, kind)
	return append(binary.AppendUvarint(buf, uint64(len(body))), body...)
}

// parseAnswers calls each for every answer of a frame, if it is of this job. Whatever the
// bytes are, it ends.
func parseAnswers(frame []byte, job uint64, each func(Answer)) error {
	r := reader{rest: frame}
	if id := r.bytes(8); !r.bad && binary.LittleEndian.Uint64(id) != job {
		return nil
	}
	worker := string(r.bytes(r.number()))
	for len(r.rest) > 0 && !r.bad {
		a := Answer{Worker: worker, Task: r.number(), Times: r.number()}
		kind := r.bytes(1)
		body := r.bytes(r.number())
		switch {
		case r.bad:
		case kind[0] == 0:
			a.Body = body
			each(a)
		case kind[0] == 1 && len(body) > 0:
			a.Fault = string(body)
			each(a)
		default:
			r.bad = true
		}
	}
	if r.bad {
		return fmt.Errorf("reading answers: %w", errFrame)
	}
	return nil
}

// reader takes a frame apart.
type reader struct {
	rest []byte
	bad  bool
}

func (r *reader) number() int {
	n, size := binary.Uvarint(r.rest)
	if size <= 0 || n > 1<<50 {
		r.bad, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[size:]
	return int(n)
}

func (r *reader) bytes(n int) []byte {
	if n > len(r.rest) || r.bad {
		r.bad, r.rest = true, nil
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}
