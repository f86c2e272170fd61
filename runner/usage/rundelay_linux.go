package usage

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// mostThreads bounds the threads whose delay is read: each takes three system
// calls, about 6 us together. The process then ends more slowly too, as the
// kernel drops what it keeps of these files: 0.1 ms on an idle machine, more on
// a busy one.
const mostThreads = 256

// runDelay adds up how long the live threads of this process were ready to run
// and waited for a core. known is false with more than mostThreads, and where
// the kernel does not count.
func runDelay() (total time.Duration, known bool) { return runDelayOf("/proc/self/task") }

// runDelayOf reads DIR/THREAD/schedstat of all threads.
func runDelayOf(dir string) (total time.Duration, known bool) {
	threads, err := os.Open(dir)
	if err != nil {
		return 0, false
	}
	defer threads.Close()
	// The kernel counts a link for every thread, and two: with thousands, one
	// call in place of a long list.
	var stat unix.Stat_t
	if unix.Fstat(int(threads.Fd()), &stat) == nil && stat.Nlink > mostThreads+2 {
		return 0, false
	}
	names, err := threads.Readdirnames(mostThreads + 1)
	if err != nil || len(names) > mostThreads {
		return 0, false
	}
	var ran time.Duration
	var buf [128]byte
	for _, name := range names {
		text, err := readAt(int(threads.Fd()), name+"/schedstat", buf[:])
		if err != nil {
			continue // the thread ended
		}
		onCore, waited, ok := ParseSchedstat(text)
		if !ok {
			return 0, false
		}
		ran += onCore
		total += waited
	}
	if ran == 0 { // the thread that reads ran: the kernel does not count
		return 0, false
	}
	return total, true
}

// readAt is os.ReadFile for a short file, without what that allocates and asks.
func readAt(dir int, name string, buf []byte) ([]byte, error) {
	fd, err := unix.Openat(dir, name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	n, err := unix.Read(fd, buf)
	if err != nil {
		return nil, err
	}
	return buf[:n], nil
}
