package workload

import (
	"crypto/sha256"
	"encoding/binary"
)

var hash = Workload{
	Name: "hash", Kind: CPU, Sized: true,
	Doc: "a chain of SHA-256 sums over 4 KiB: the processor's vector units and first-level cache",
	New: func(p Params) (Task, error) {
		return func(seed uint64) (uint64, error) { return hashChain(seed, p.Size, &p), nil }, nil
	},
}

// hashChain sums a block size times, each time after the last sum was written
// into it, so that no round can be left out.
func hashChain(seed uint64, size int, p *Params) uint64 {
	var block [4096]byte
	binary.LittleEndian.PutUint64(block[:], seed)
	for range size {
		p.Check()
		sum := sha256.Sum256(block[:])
		copy(block[:], sum[:])
	}
	return binary.LittleEndian.Uint64(block[:])
}
