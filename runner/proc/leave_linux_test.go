package proc_test

import (
	"fmt"
	"syscall"
)

// leave goes over to the process group of the parent.
func leave() {
	group, err := syscall.Getpgid(syscall.Getppid())
	if err == nil {
		err = syscall.Setpgid(0, group)
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("left")
}

func firstThread() bool { return syscall.Gettid() == syscall.Getpid() }
