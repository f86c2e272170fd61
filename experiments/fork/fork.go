package fork

// A Call is a system call that a copy makes.
type Call struct {
	Number uintptr    // Read, Send, ...
	Args   [6]uintptr // see its manual page
	// Result and Errno take what it returned and why it failed (0: it did not), in
	// the memory of the copy; nil if nobody asks.
	Result, Errno *uintptr
}

// A Copy is a process that Start made.
type Copy struct{ pid int }
