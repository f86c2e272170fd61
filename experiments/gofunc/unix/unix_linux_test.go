package unix_test

import (
	"fmt"
	"testing"

	real "golang.org/x/sys/unix"

	"parcon/experiments/gofunc/unix"
)

// The constants are those of the library that this stands in for.
func TestConstants(t *testing.T) {
	for _, c := range [][2]uint64{
		{unix.CLOCK_MONOTONIC, real.CLOCK_MONOTONIC},
		{unix.MFD_CLOEXEC, real.MFD_CLOEXEC},
		{unix.PR_FUTEX_HASH, real.PR_FUTEX_HASH},
		{unix.PR_FUTEX_HASH_SET_SLOTS, real.PR_FUTEX_HASH_SET_SLOTS},
		{unix.F_DUPFD_CLOEXEC, real.F_DUPFD_CLOEXEC},
		{unix.SYS_FUTEX, real.SYS_FUTEX},
	} {
		if c[0] != c[1] {
			t.Errorf("%d, want %d", c[0], c[1])
		}
	}
}

func TestBothClocksAreOne(t *testing.T) {
	var before, between, after real.Timespec
	var here unix.Timespec
	_ = real.ClockGettime(real.CLOCK_MONOTONIC, &before)
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &here); err != nil {
		t.Fatal(err)
	}
	_ = real.ClockGettime(real.CLOCK_MONOTONIC, &after)
	between.Sec, between.Nsec = here.Sec, here.Nsec
	if between.Nano() < before.Nano() || between.Nano() > after.Nano() {
		t.Errorf("%d does not lie between %d and %d", between.Nano(), before.Nano(), after.Nano())
	}
	if unix.ClockGettime(1<<20, &here) == nil {
		t.Error("there is a clock of that number")
	}
}

func ExampleMemfdCreate() {
	fd, err := unix.MemfdCreate("example", unix.MFD_CLOEXEC)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer unix.Close(fd)
	var stat unix.Stat_t
	other, errDup := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 100)
	fmt.Println(unix.Fstat(fd, &stat), stat.Size, other >= 100, errDup, unix.Close(other))
	// Output: <nil> 0 true <nil> <nil>
}
