package ipc

import (
	"os"
	"sync"
)

// firstFD is where os/exec puts the first of a command's ExtraFiles.
const firstFD = 3

// inherited remembers the files that were handed out, because two os.Files on
// one descriptor close it twice.
var inherited = struct {
	sync.Mutex
	files map[int]*os.File
}{files: map[int]*os.File{}}

// Inherited is the file that the parent attached at this position, for one of
// the Open functions, which take it over. It is nil if there is no object at
// this position; they then say so. The file is not handed on to children of
// this process, unless it is attached again.
func Inherited(position int) *os.File {
	inherited.Lock()
	defer inherited.Unlock()
	if file := inherited.files[position]; file != nil {
		return file
	}
	// Not every descriptor is the parent's gift: Go's own may have the number,
	// and an os.File on it would close it one day.
	if position < 0 || position > 1<<20 || !adopt(firstFD+position) {
		return nil
	}
	file := os.NewFile(uintptr(firstFD+position), "inherited")
	inherited.files[position] = file
	return file
}
