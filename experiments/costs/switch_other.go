//go:build !linux

package costs

import (
	"parcon/experiments/card"
	"parcon/runner/affinity"
)

func connectProcess(card.Trial, affinity.Pair) (line, error) { return line{}, affinity.ErrUnsupported }

func connectThread(affinity.Pair) (line, error) { return line{}, affinity.ErrUnsupported }

func echo(_, _ int) error { return affinity.ErrUnsupported }
