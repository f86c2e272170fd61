package command

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
)

// longest is how long an item may be, in bytes: far beyond the 128 KiB that Linux takes as an
// argument (MAX_ARG_STRLEN, execve(2)).
const longest = 1 << 20

// Sample reads items, one a line or, with null, each ended by a zero byte, and keeps so many of
// them, each as likely as any other, in the order in which they came (Vitter, Random sampling
// with a reservoir, ACM Transactions on Mathematical Software 11, 1985: algorithm R). Empty
// ones are passed over. of is how many there were.
func Sample(r io.Reader, null bool, keep int, random *rand.Rand) (items []string, of int, err error) {
	end := byte('\n')
	if null {
		end = 0
	}
	scan := bufio.NewScanner(r)
	scan.Buffer(nil, longest)
	scan.Split(func(data []byte, atEOF bool) (int, []byte, error) {
		if i := bytes.IndexByte(data, end); i >= 0 {
			return i + 1, data[:i], nil
		}
		if atEOF && len(data) > 0 {
			return len(data), data, nil
		}
		return 0, nil, nil
	})
	for scan.Scan() {
		if len(scan.Bytes()) == 0 {
			continue
		}
		of++
		if len(items) < keep {
			items = append(items, scan.Text())
		} else if i := random.IntN(of); i < keep {
			items = append(slices.Delete(items, i, i+1), scan.Text())
		}
	}
	err = scan.Err()
	if errors.Is(err, bufio.ErrTooLong) {
		err = fmt.Errorf("item %d is longer than %d bytes: give the name of a file in its place", of+1, longest)
	}
	return items, of, err
}
