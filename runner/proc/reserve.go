package proc

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// Room is what a process wants of the system before it begins.
type Room struct {
	Threads   int
	Memory    int // bytes
	Addresses int // bytes of mere address space, which the C library takes for threads
	Files     int // more than are open; counted on Unix
}

// Reserve makes sure that this process will have the room, or says that the system
// has it not. Go aborts the whole process where it needs a thread or memory and there
// is none, with a text of hundreds of lines; so another process tries first: probe is
// its path and arguments, and what it does with the three that follow is Try.
//
// The threads are kept, because others may take all that the system grants.
func (r Room) Reserve(probe []string) error {
	if err := files(r.Files); err != nil {
		return fmt.Errorf("opening %d files at once: %w", r.Files, err)
	}
	if runtime.GOOS != "linux" {
		return nil
	}
	c := exec.Command(probe[0], append(append([]string{}, probe[1:]...), strconv.Itoa(r.Threads), strconv.Itoa(r.Memory), strconv.Itoa(r.Addresses))...)
	c.Env = append(os.Environ(), "GOTRACEBACK=none")
	c.SysProcAttr = attributes()
	survive(c.SysProcAttr) // the thread that starts it may end, and it ends by itself
	c.WaitDelay = time.Second
	var said bytes.Buffer
	c.Stderr = &said
	err := c.Run()
	if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
		return nil // the files are enough, but for trying
	}
	if err != nil {
		var ended *exec.ExitError
		if errors.As(err, &ended) {
			err = noRoom(firstOf(said.Bytes()))
		}
		return fmt.Errorf("asking the system for %d threads and %d MB: %w", r.Threads, r.Memory>>20, err)
	}
	threads(r.Threads)
	return nil
}

// Try takes the room that its arguments say, or dies.
func Try(args []string) error {
	var wanted [3]int
	if len(args) != len(wanted) {
		return errors.New("trying how much room there is: say how many threads, bytes and addresses")
	}
	for i := range wanted {
		var err error
		if wanted[i], err = strconv.Atoi(args[i]); err != nil {
			return fmt.Errorf("trying how much room there is: %w", err)
		}
	}
	if err := addresses(wanted[2]); err != nil {
		return fmt.Errorf("taking %d MB of addresses: %w", wanted[2]>>20, err)
	}
	taken := make([]byte, wanted[1])
	threads(wanted[0])
	runtime.KeepAlive(taken)
	return nil
}

// threads makes sure that this process has at least so many threads. Go keeps those
// that have nothing to do and takes them before it makes others.
func threads(number int) {
	var there, gone sync.WaitGroup
	there.Add(number)
	release := make(chan struct{})
	for range number {
		gone.Go(func() {
			runtime.LockOSThread() // so each needs a thread of its own
			defer runtime.UnlockOSThread()
			there.Done()
			<-release
		})
	}
	there.Wait()
	close(release)
	gone.Wait()
}

// noRoom is what Go says when it gets no thread or no memory.
type noRoom string

func (e noRoom) Error() string { return string(e) }

func (e noRoom) Is(target error) bool { return target == syscall.EAGAIN }

func firstOf(text []byte) string {
	line, _, _ := bytes.Cut(bytes.TrimSpace(text), []byte("\n"))
	return string(line)
}
