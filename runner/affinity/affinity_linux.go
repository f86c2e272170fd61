package affinity

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// maxCores is how many cores a unix.CPUSet can name.
const maxCores = 1024

// Cores lists the cores that the calling thread may use, the lowest first. In a
// process that pinned no single thread these are the cores of the process.
func Cores() ([]int, error) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return nil, fmt.Errorf("reading which cores may be used: %w", err)
	}
	var cores []int
	for core := range maxCores {
		if set.IsSet(core) {
			cores = append(cores, core)
		}
	}
	return cores, nil
}

// Core is the core that the calling thread runs on at this moment, or Unknown. By the next
// one it may have moved.
func Core() int {
	var core uint32
	if _, _, errno := unix.RawSyscall(unix.SYS_GETCPU, uintptr(unsafe.Pointer(&core)), 0, 0); errno != 0 {
		return Unknown
	}
	return int(core)
}

// Thread keeps the calling thread on the given cores. The goroutine must be
// locked to it (runtime.LockOSThread), or it may go on elsewhere.
func Thread(cores ...int) error {
	set, err := setOf(cores)
	if err != nil {
		return err
	}
	return pin(0, set, cores)
}

// Process keeps all threads of this process on the given cores, those that it
// starts later too: they inherit the cores of the thread that starts them. So
// it looks again until it finds no thread that is elsewhere; one that was
// started in between by a thread not yet pinned is found by the next look.
func Process(cores ...int) error {
	set, err := setOf(cores)
	if err != nil {
		return err
	}
	for range maxLooks {
		moved, err := pinAll(set, cores)
		if err != nil {
			return err
		}
		if !moved {
			return nil
		}
	}
	return fmt.Errorf("keeping this process on cores %v: it starts threads faster than they can be pinned: pin it before its work begins", cores)
}

// maxLooks bounds a fight with another goroutine that pins threads elsewhere.
const maxLooks = 100

// pinAll pins every thread that is elsewhere and says whether there was one.
func pinAll(set *unix.CPUSet, cores []int) (moved bool, err error) {
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return false, fmt.Errorf("listing the threads of this process: %w", err)
	}
	for _, task := range tasks {
		id, err := strconv.Atoi(task.Name())
		if err != nil {
			return false, fmt.Errorf("listing the threads of this process: %w", err)
		}
		var now unix.CPUSet
		switch err := unix.SchedGetaffinity(id, &now); {
		case errors.Is(err, unix.ESRCH):
			continue // ended meanwhile
		case err != nil:
			return false, fmt.Errorf("reading the cores of thread %d: %w", id, err)
		case now == *set:
			continue
		}
		moved = true
		if err := pin(id, set, cores); err != nil && !errors.Is(err, unix.ESRCH) {
			return false, err
		}
	}
	return moved, nil
}

// pin refuses a set that the system would silently make smaller.
func pin(thread int, set *unix.CPUSet, cores []int) error {
	if err := unix.SchedSetaffinity(thread, set); err != nil {
		return fmt.Errorf("keeping a thread on cores %v: %w", cores, err)
	}
	var now unix.CPUSet
	if err := unix.SchedGetaffinity(thread, &now); err != nil {
		return fmt.Errorf("reading the cores of a thread: %w", err)
	}
	if now != *set {
		return fmt.Errorf("keeping a thread on cores %v: the system allows %d of them: use those that Cores lists", cores, now.Count())
	}
	return nil
}

func setOf(cores []int) (*unix.CPUSet, error) {
	if len(cores) == 0 {
		return nil, errors.New("pinning to no core: name at least one")
	}
	if low, high := slices.Min(cores), slices.Max(cores); low < 0 || high >= maxCores {
		return nil, fmt.Errorf("pinning to cores %v: a core has a number from 0 to %d", cores, maxCores-1)
	}
	var set unix.CPUSet
	for _, core := range cores {
		set.Set(core)
	}
	return &set, nil
}
