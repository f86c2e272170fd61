//go:build !unix

package procpool_test

import "os/exec"

func apart(*exec.Cmd) {}

func spoilStreams(string) {}
