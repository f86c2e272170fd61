package ipc

import (
	"fmt"
	"os"
)

// Memory is a piece of memory that processes share. It protects nothing: two
// writers need a Lock.
type Memory struct {
	shared *Shared
}

// NewMemory makes size bytes of shared memory, all zero.
func NewMemory(size int) (*Memory, error) {
	s, err := create(kindMemory, uint64(max(size, 0)), 0, size)
	if err != nil {
		return nil, err
	}
	return &Memory{s}, nil
}

// OpenMemory opens memory that another process made. It takes file over.
func OpenMemory(file *os.File) (*Memory, error) {
	s, _, err := open(file, kindMemory, func(size, _ uint64) int { return int(min(size, maxSize+1)) })
	if err != nil {
		return nil, err
	}
	return &Memory{s}, nil
}

// Bytes is the memory, or nil after Close. It begins at a cache line. A slice
// of it that is touched after Close ends this process with a memory fault.
func (m *Memory) Bytes() []byte {
	if m.shared.enter() != nil {
		return nil
	}
	defer m.shared.leave()
	return m.shared.memory[headerSize:len(m.shared.memory):len(m.shared.memory)]
}

// File is the open file that the memory lives in, for Attach. It belongs to the
// memory: do not close it.
func (m *Memory) File() *os.File { return m.shared.File() }

// Close gives the memory back in this process; it lives on in the others.
func (m *Memory) Close() error {
	if err := m.shared.Free(); err != nil {
		return fmt.Errorf("closing memory: %w", err)
	}
	return nil
}
