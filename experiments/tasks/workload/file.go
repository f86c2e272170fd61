package workload

import (
	"encoding/binary"
	"fmt"
	"os"

	"parcon/experiments/scratch"
)

var file = Workload{
	Name: "file", Kind: IO, Sized: true,
	Doc: "writes 16 KiB, waits until the disk has them (fsync), reads them back, and again: a real disk",
	New: func(p Params) (Task, error) {
		files := files{params: &p, free: make(chan *os.File, maxIdle)}
		return func(seed uint64) (uint64, error) { return files.task(seed, p.Size) }, nil
	},
}

// maxIdle is how many files or connections a process keeps for its next tasks.
const maxIdle = 1 << 10

// files keeps open scratch files, one for each task in flight, so that a task
// costs a write and not the creation of a file.
type files struct {
	params *Params
	free   chan *os.File
}

// task stores a block size times, another one each time.
func (f *files) task(seed uint64, size int) (uint64, error) {
	file, err := f.take()
	if err != nil {
		return 0, fmt.Errorf("opening a scratch file in %s: %w", f.params.Dir, err)
	}
	block := make([]byte, 16<<10)
	sum := seed
	for i := range size {
		fill(block, seed+uint64(i))
		if err := f.store(file, block); err != nil {
			return 0, err
		}
		sum = sum*31 + fold(block)
	}
	f.give(file)
	return sum, nil
}

// store writes block to the disk and reads it back into block.
func (f *files) store(file *os.File, block []byte) (err error) {
	if f.params.Block(func() { _, err = file.WriteAt(block, 0) }); err != nil {
		return fmt.Errorf("writing 16 KiB to %s: %w", file.Name(), err)
	}
	if f.params.Block(func() { err = file.Sync() }); err != nil {
		return fmt.Errorf("waiting for the disk to store %s: %w", file.Name(), err)
	}
	clear(block)
	if f.params.Block(func() { _, err = file.ReadAt(block, 0) }); err != nil {
		return fmt.Errorf("reading back %s: %w", file.Name(), err)
	}
	return nil
}

// fill and fold take words, not bytes: the task is to wait for a disk, not to
// compute.
func fill(block []byte, value uint64) {
	for i := 0; i+8 <= len(block); i += 8 {
		binary.LittleEndian.PutUint64(block[i:], value+uint64(i))
	}
}

func fold(block []byte) uint64 {
	var sum uint64
	for i := 0; i+8 <= len(block); i += 8 {
		sum = sum<<1 ^ sum>>63 ^ binary.LittleEndian.Uint64(block[i:])
	}
	return sum
}

func (f *files) take() (*os.File, error) {
	select {
	case file := <-f.free:
		return file, nil
	default:
	}
	return scratch.File(f.params.Dir)
}

func (f *files) give(file *os.File) {
	select {
	case f.free <- file:
	default:
		_ = file.Close()
	}
}
