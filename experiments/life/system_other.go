//go:build !linux

package life

import (
	"errors"
	"os"
	"os/exec"
	"time"
)

// A trial is refused before it comes to these: all mechanisms here need Linux.
var errLinux = errors.New("the life of a process is looked at on Linux only")

func taken(int) bool                                 { return false }
func ended(*os.Process, time.Duration) (bool, error) { return false, errLinux }
func adopt(bool) (restore func() error, err error)   { return nil, errLinux }
func fault() error                                   { return errLinux }
func thread() int                                    { return 0 }
func nap(d time.Duration)                            { time.Sleep(d) }
func terminal() (_, _ *os.File, err error)           { return nil, nil, errLinux }
func attach(*exec.Cmd, *os.File)                     {}
func enter(*exec.Cmd, int)                           {}
func foreground(*os.File, int) error                 { return errLinux }
func secede(*exec.Cmd)                               {}
func openProcess(int) (*os.File, error)              { return nil, errLinux }
func names(*os.File) bool                            { return false }
func kill(int) error                                 { return errLinux }
func become(int) error                               { return errLinux }
func bury([]int, time.Time) error                    { return errLinux }
