//go:build !linux

package server

import (
	"errors"

	"parcon/experiments/echo"
)

// Raw is empty: the models need Linux.
var Raw []Model

// Main says that it needs Linux.
func Main(models []Model, args []string) error {
	if _, _, err := parse(models, args); err != nil {
		return err
	}
	return errors.New("starting a server: it needs Linux")
}

func crash(echo.Crash) {}
