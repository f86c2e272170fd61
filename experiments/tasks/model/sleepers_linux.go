package model

import (
	"math/bits"

	"golang.org/x/sys/unix"
)

// listSleepers asks the kernel for as many lists of sleeping threads as there are threads,
// or some more. Since Linux 6.16 a process has lists of its own, 16 or four for each core, and
// whoever wakes a thread looks for it in one of them (futex_hash_allocate_default,
// kernel/futex/core.c): on two cores each of 10,000 threads was one of 600 there, and 10,000
// tasks that sleep took 1.0 s in place of 0.24. An older kernel has 256 lists for each core
// and refuses: nothing is wrong then.
func listSleepers(threads int) {
	lists := 1 << bits.Len(uint(threads-1)) // a power of two
	_ = unix.Prctl(unix.PR_FUTEX_HASH, unix.PR_FUTEX_HASH_SET_SLOTS, uintptr(lists), 0, 0)
}
