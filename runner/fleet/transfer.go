package fleet

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// mostText is how much of a file one piece holds, in bytes. A message of NATS has 1 MiB at
// most, and JSON makes four of three.
const mostText = 256 << 10

// next reads what a file holds from an offset on, as far as a piece goes and whole lines
// do. A file that is not there yet holds nothing.
func next(path string, offset int64) ([]byte, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("sending the result: %w", err)
	}
	defer f.Close()
	text := make([]byte, mostText)
	n, err := f.ReadAt(text, offset)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("sending the result: %w", err)
	}
	text = text[:n]
	if end := bytes.LastIndexByte(text, '\n') + 1; end > 0 || n < mostText {
		return text[:end], nil
	}
	return text, nil // a line that is longer than a piece
}

// Size is how many bytes a file has, and their hash. One that is not there has none.
func Size(path string) (bytes int64, sum string, err error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, hash(nil, 0), nil
	}
	if err != nil {
		return 0, "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return 0, "", err
	}
	return info.Size(), hash(f, info.Size()), nil
}

// hash is that of the first bytes of a text, "" if it has fewer.
func hash(r io.Reader, first int64) string {
	sum := sha256.New()
	if first > 0 {
		if n, err := io.CopyN(sum, r, first); err != nil || n != first {
			return ""
		}
	}
	return fmt.Sprintf("%x", sum.Sum(nil))
}

// begins says whether a file begins with so many bytes of that hash.
func begins(path string, first int64, sum string) bool {
	if first == 0 {
		return true
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	return hash(f, first) == sum
}

// A copied file is one that arrives in pieces.
type copied struct {
	path string
	size int64
}

// add appends a piece if it is the next one. What is there already, or lies beyond a gap,
// is passed over: the answer tells where to go on.
func (c *copied) add(offset int64, text []byte) error {
	if offset != c.size || len(text) == 0 {
		return nil
	}
	f, err := os.OpenFile(c.path, os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		return fmt.Errorf("keeping a result: %w", err)
	}
	n, err := f.WriteAt(text, offset)
	if end := f.Close(); err == nil {
		err = end
	}
	if err != nil {
		_ = os.Truncate(c.path, offset) // whole lines, or none
		return fmt.Errorf("keeping a result: %w: make room and go on with --resume", err)
	}
	c.size += int64(n)
	return nil
}
