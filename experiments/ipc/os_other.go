//go:build !linux

package ipc

import (
	"os"
	"os/exec"
)

// Constructors fail here, so nothing else of this file is ever called with an
// object.

func newMemory(string, int) (*os.File, []byte, error) { return nil, nil, ErrUnsupported }

func mapMemory(*os.File) ([]byte, error) { return nil, ErrUnsupported }

func unmap([]byte) {}

func identity(*os.File) (uint64, error) { return 0, ErrUnsupported }

func adopt(int) bool { return false }

func dead(int) bool { return false }

func socketPair() ([2]*os.File, error) { return [2]*os.File{}, ErrUnsupported }

func isEnd(*os.File) bool { return false }

func sendPacket(*os.File, []byte, []byte) error { return ErrUnsupported }

func recvPacket(*os.File, []byte, bool) (int, error) { return 0, ErrUnsupported }

func setDaemon(*exec.Cmd, bool) error { return ErrUnsupported }

func statusOf(state *os.ProcessState) Status { return Status{Code: state.ExitCode()} }
