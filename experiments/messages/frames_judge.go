package messages

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strconv"
)

// A frame is the length of its body, which is the writer's letter, the frame's number
// among the writer's, and the letter again up to the size.
const (
	lengthOfFrame = 4
	digitsOfFrame = 10
)

func newFrame(writer, number, size int) []byte {
	frame := bytes.Repeat([]byte{byte('a' + writer)}, size)
	binary.BigEndian.PutUint32(frame, uint32(size-lengthOfFrame))
	numberFrame(frame, number)
	return frame
}

func numberFrame(frame []byte, number int) {
	copy(frame[lengthOfFrame+1:], fmt.Sprintf("%0*d", digitsOfFrame, number))
}

// A frameJudge reads what the writers wrote, and looks at every byte.
type frameJudge struct {
	size, frames, bytes int
	whole               int
	head                []byte               // with which every frame begins
	body                [frameWriters][]byte // what a frame of a writer looks like
	seen                [frameWriters][]bool // whole frames, by their number
	rest                []byte               // what is not judged yet
}

func newFrameJudge(size, frames int) *frameJudge {
	j := &frameJudge{size: size, frames: frames, head: newFrame(0, 0, size)[:lengthOfFrame]}
	for w := range frameWriters {
		j.body[w] = newFrame(w, 0, size)
		j.seen[w] = make([]bool, portion(frames, frameWriters, w))
	}
	return j
}

// Write takes the next bytes. It never fails.
func (j *frameJudge) Write(p []byte) (int, error) {
	j.bytes += len(p)
	text := append(j.rest, p...)
	for len(text) >= j.size {
		next := j.size
		if j.isWhole(text[:j.size]) {
			j.whole++
		} else if next = 1 + bytes.Index(text[1:], j.head); next == 0 {
			next = len(text) - lengthOfFrame + 1 // a head may begin there
		}
		text = text[next:]
	}
	j.rest = append(j.rest[:0], text...)
	return len(p), nil
}

// isWhole says whether it is one writer's whole frame and the first of its number.
func (j *frameJudge) isWhole(frame []byte) bool {
	const number = lengthOfFrame + 1
	w := int(frame[lengthOfFrame]) - 'a'
	if w < 0 || w >= frameWriters || !bytes.Equal(frame[:number], j.body[w][:number]) ||
		!bytes.Equal(frame[number+digitsOfFrame:], j.body[w][number+digitsOfFrame:]) {
		return false
	}
	n, err := strconv.Atoi(string(frame[number : number+digitsOfFrame]))
	if err != nil || n < 0 || n >= len(j.seen[w]) || j.seen[w][n] {
		return false
	}
	j.seen[w][n] = true
	return true
}

// garbled is how many of the frames that were written did not arrive whole.
func (j *frameJudge) garbled() (int, error) {
	if want := j.frames * j.size; j.bytes != want {
		return 0, fmt.Errorf("%d bytes arrived, %d were written", j.bytes, want)
	}
	return j.frames - j.whole, nil
}
