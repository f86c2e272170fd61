package procpool

import (
	"fmt"
	"os"
	"os/exec"
	"unsafe"

	"golang.org/x/sys/unix"
)

// sharedFD is where a worker finds the shared memory: the first descriptor after
// the standard three.
const sharedFD = 3

// share gives a worker that is about to be started a T in memory shared with it
// (memfd_create(2): it has no name and goes with the last process that holds
// it). started is to be called when the worker has its descriptor or never will.
func share[T any](cmd *exec.Cmd) (shared *T, unmap, started func(), err error) {
	fd, err := unix.MemfdCreate("procpool", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("making shared memory: %w", err)
	}
	file := os.NewFile(uintptr(fd), "procpool")
	if err := file.Truncate(int64(unsafe.Sizeof(*shared))); err != nil {
		_ = file.Close()
		return nil, nil, nil, fmt.Errorf("sizing shared memory: %w", err)
	}
	shared, unmap, err = mapShared[T](fd)
	if err != nil {
		_ = file.Close()
		return nil, nil, nil, err
	}
	cmd.ExtraFiles = []*os.File{file}
	return shared, unmap, func() { _ = file.Close() }, nil
}

// openShared is the worker's side of share. The memory stays for the life of
// the process, the descriptor does not: children of the worker shall not get it.
func openShared[T any]() (*T, error) {
	shared, _, err := mapShared[T](sharedFD)
	_ = unix.Close(sharedFD)
	return shared, err
}

func mapShared[T any](fd int) (*T, func(), error) {
	var size unix.Stat_t
	if err := unix.Fstat(fd, &size); err != nil || size.Size != int64(unsafe.Sizeof(*new(T))) {
		return nil, nil, fmt.Errorf("descriptor %d is not the shared memory of a pool: worker and pool are of different versions, or this program was started by hand", fd)
	}
	memory, err := unix.Mmap(fd, 0, int(unsafe.Sizeof(*new(T))), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, nil, fmt.Errorf("mapping shared memory: %w", err)
	}
	return (*T)(unsafe.Pointer(&memory[0])), func() { _ = unix.Munmap(memory) }, nil
}
