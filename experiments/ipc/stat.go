package ipc

import (
	"bytes"
	"strconv"
)

// endedStat says whether the text of /proc/PID/stat (proc_pid_stat(5)) is that of a
// process that runs no more: a zombie, whose parent has not waited for it. A
// process whose first thread has ended looks like one too, but has more threads.
func endedStat(stat []byte) bool {
	const threads = 17 // behind the name, which may hold anything: state is 0
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) <= threads {
		return false
	}
	n, err := strconv.Atoi(string(fields[threads]))
	return err == nil && n <= 1 && (string(fields[0]) == "Z" || string(fields[0]) == "X")
}
