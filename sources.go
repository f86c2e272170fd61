package main

import "embed"

// ownSources are what a program that measures a function of another module is made of, see
// package gofunc: parcon carries them, so that it works without its source at hand. They import
// nothing but each other and the standard library.
//
//go:embed experiments/gofunc/subject/*.go experiments/gofunc/unix/*.go
//go:embed experiments/futex/*.go experiments/procpool/*.go
//go:embed experiments/tasks/trial/*.go experiments/tasks/worker/worker.go
//go:embed experiments/tasks/model/model.go experiments/tasks/model/firsterror.go experiments/tasks/model/sleepers_linux.go experiments/tasks/model/sleepers_other.go
//go:embed experiments/tasks/model/serial.go experiments/tasks/model/goroutine.go experiments/tasks/model/pool.go experiments/tasks/model/thread.go
//go:embed experiments/tasks/model/loop.go experiments/tasks/model/process.go experiments/tasks/model/processpool.go
//go:embed runner/clock/*.go runner/protocol/*.go
//go:embed runner/proc/proc.go runner/proc/proc_linux.go runner/proc/proc_unix.go runner/proc/proc_windows.go runner/proc/start.go
//go:embed runner/proc/kill_unix.go runner/proc/stdin_unix.go runner/proc/stdin_windows.go
//go:embed runner/usage/usage.go runner/usage/usage_unix.go runner/usage/usage_windows.go runner/usage/peak_linux.go runner/usage/peak_other.go
//go:embed runner/usage/rundelay_linux.go runner/usage/rundelay_other.go runner/usage/schedstat.go
var ownSources embed.FS
