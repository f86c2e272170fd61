package proc

import (
	"io"
	"os"
	"os/exec"
)

// Guarded prepares a command that starts processes of its own, which must not be left
// either, however this process ends: those of the go command are not told of its death.
// Another program stands between and ends them all when its standard input ends, which
// is to be a pipe: guard is its path and arguments, and what it does is Guard.
func Guarded(guard, argv, env []string) *exec.Cmd {
	c := Command(append(append([]string{}, guard...), argv...), env)
	survive(c.SysProcAttr)
	return c
}

// Warden prepares a command that ends by itself all that it started when its standard input
// ends, which is to be a pipe: so it may outlive this process for that moment. It has a
// session of its own, in which nothing can read from the terminal.
func Warden(argv, env []string) *exec.Cmd {
	c := Command(argv, env)
	survive(c.SysProcAttr)
	apart(c.SysProcAttr)
	return c
}

// Guard runs a command with the environment and the output of this process, and kills
// it and its process group when in ends, or it has ended. Its exit code becomes that of
// this process; another end of it is the error.
func Guard(in io.Reader, argv []string) error {
	c := Command(argv, os.Environ())
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	if err := Start(c); err != nil {
		return err
	}
	go func() {
		_, _ = io.Copy(io.Discard, in)
		Kill(c)
	}()
	err := c.Wait()
	Kill(c)
	if code := c.ProcessState.ExitCode(); code > 0 {
		os.Exit(code)
	}
	return err
}
