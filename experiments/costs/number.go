package costs

import (
	"encoding/binary"
	"fmt"
)

// The requests to pools are numbers of eight bytes, little-endian, and so are
// the answers: every task has its own.

// numberRequest asks a worker to give back the number i.
func numberRequest(i int, buf []byte) []byte {
	return binary.LittleEndian.AppendUint64(buf, uint64(i))
}

// checkNumber looks whether an answer is that of task i.
func checkNumber(i int, answer []byte) error {
	if n, err := parseNumber(answer); err != nil || n != i {
		return fmt.Errorf("task %d has the answer %v, want its number", i, answer)
	}
	return nil
}

func parseNumber(b []byte) (int, error) {
	if len(b) != 8 {
		return 0, fmt.Errorf("a number of %d bytes, want 8", len(b))
	}
	return int(binary.LittleEndian.Uint64(b)), nil
}

// sameNumber is a worker's empty task.
func sameNumber(request, reply []byte) ([]byte, error) {
	if _, err := parseNumber(request); err != nil {
		return nil, err
	}
	return append(reply, request...), nil
}
