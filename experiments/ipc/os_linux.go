package ipc

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// seals keep the memory's size: reading past the end of a file that another
// process cut off would be a bus error (memfd_create(2), fcntl(2)).
const seals = unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_SEAL

func newMemory(name string, size int) (*os.File, []byte, error) {
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil, nil, fmt.Errorf("memfd_create: %w", err)
	}
	file := os.NewFile(uintptr(fd), name)
	if err := file.Truncate(int64(size)); err != nil {
		_ = file.Close()
		return nil, nil, err
	}
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, seals); err != nil {
		_ = file.Close()
		return nil, nil, fmt.Errorf("sealing its size: %w", err)
	}
	memory, err := mapMemory(file)
	if err != nil {
		_ = file.Close()
		return nil, nil, err
	}
	return file, memory, nil
}

func mapMemory(file *os.File) ([]byte, error) {
	if !sealed(int(file.Fd())) {
		return nil, fmt.Errorf("the file is no shared memory of this package: %w", ErrWrongKind)
	}
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() < headerSize {
		return nil, fmt.Errorf("the memory has %d bytes, fewer than its head: %w", info.Size(), ErrCorrupt)
	}
	memory, err := unix.Mmap(int(file.Fd()), 0, int(info.Size()), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("mapping %d bytes: %w", info.Size(), err)
	}
	return memory, nil
}

func unmap(memory []byte) { _ = unix.Munmap(memory) }

func sealed(fd int) bool {
	got, err := unix.FcntlInt(uintptr(fd), unix.F_GET_SEALS, 0)
	return err == nil && got&seals == seals
}

// identity is the inode of a shared memory: no two that exist have the same.
func identity(file *os.File) (uint64, error) {
	var stat unix.Stat_t
	if err := unix.Fstat(int(file.Fd()), &stat); err != nil {
		return 0, err
	}
	return stat.Ino, nil
}

// adopt says whether a descriptor is of the two sorts that this package makes. If
// so, it is not handed on to programs that this process starts. One that is not
// handed on already is this process's own, or taken.
func adopt(fd int) bool {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	if err != nil || flags&unix.FD_CLOEXEC != 0 {
		return false
	}
	socket := isSocket(fd)
	if !socket && !sealed(fd) {
		return false
	}
	unix.CloseOnExec(fd)
	// os.NewFile waits in Go's poller only if the descriptor does not block.
	return !socket || unix.SetNonblock(fd, true) == nil
}

// dead says whether a process has ended, waited for or not.
func dead(pid int) bool {
	if unix.Kill(pid, 0) == unix.ESRCH {
		return true
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && endedStat(stat)
}

func socketPair() ([2]*os.File, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return [2]*os.File{}, fmt.Errorf("socketpair: %w", err)
	}
	return [2]*os.File{os.NewFile(uintptr(fds[0]), "pipe"), os.NewFile(uintptr(fds[1]), "pipe")}, nil
}

func isSocket(fd int) bool {
	domain, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN)
	if err != nil || domain != unix.AF_UNIX {
		return false
	}
	sort, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
	return err == nil && sort == unix.SOCK_SEQPACKET
}

func isEnd(file *os.File) bool { return isSocket(int(file.Fd())) }

// sendPacket waits in Go's poller until the socket takes the packet.
func sendPacket(file *os.File, head, piece []byte) error {
	raw, err := file.SyscallConn()
	if err != nil {
		return err
	}
	var sent error
	err = raw.Write(func(fd uintptr) (ready bool) {
		for {
			_, sent = unix.SendmsgBuffers(int(fd), [][]byte{head, piece}, nil, nil, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
			// ECONNRESET comes once, before what else there is to say: the other
			// end was closed with messages of ours in it.
			if sent != unix.EINTR && sent != unix.ECONNRESET {
				return sent != unix.EAGAIN
			}
		}
	})
	switch {
	case err != nil:
		return err
	case sent == unix.EPIPE || sent == unix.ENOTCONN || sent == unix.ECONNREFUSED:
		return io.ErrClosedPipe
	}
	return sent
}

// recvPacket takes one packet into buf and returns its length: io.EOF if there is
// none and will be none, or errWouldBlock if there is none yet and it is not to
// wait.
func recvPacket(file *os.File, buf []byte, wait bool) (int, error) {
	raw, err := file.SyscallConn()
	if err != nil {
		return 0, err
	}
	var n int
	var got error
	err = raw.Read(func(fd uintptr) (ready bool) {
		for {
			r, _, errno := unix.Syscall6(unix.SYS_RECVFROM, fd, uintptr(unsafe.Pointer(&buf[0])), uintptr(len(buf)), unix.MSG_DONTWAIT, 0, 0)
			n, got = int(r), nil
			if errno != 0 {
				n, got = 0, errno
			}
			if got != unix.EINTR && got != unix.ECONNRESET { // as in sendPacket
				return got != unix.EAGAIN || !wait
			}
		}
	})
	switch {
	case err != nil:
		return 0, err
	case got == unix.EAGAIN:
		return 0, errWouldBlock
	case got == nil && n == 0:
		return 0, io.EOF
	}
	return n, got
}

func setDaemon(cmd *exec.Cmd, daemon bool) error {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = 0
	if daemon {
		cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	}
	return nil
}

func statusOf(state *os.ProcessState) Status {
	ws, ok := state.Sys().(syscall.WaitStatus)
	if ok && ws.Signaled() {
		return Status{Signal: ws.Signal()}
	}
	return Status{Code: state.ExitCode()}
}
