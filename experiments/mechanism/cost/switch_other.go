//go:build !linux

package cost

import (
	"parcon/experiments/mechanism"
	"parcon/runner/affinity"
)

func connectProcess(mechanism.Trial, places) (line, error) { return line{}, affinity.ErrUnsupported }

func connectThread(places) (line, error) { return line{}, affinity.ErrUnsupported }

func echo(_, _ int) error { return affinity.ErrUnsupported }
