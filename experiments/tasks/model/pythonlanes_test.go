package model

import (
	"slices"
	"testing"

	"parcon/experiments/cpython"
	"parcon/experiments/lane"
)

// A thread runs from where its turn begins to where that of another does. Until its last
// turn it is ready else, and afterwards it waits.
func TestLanesOfPythonThreadsAreTheirTurns(t *testing.T) {
	tasks := []cpython.Task{
		{Number: 1, Start: 110, End: 160, Worker: 9000, Core: 1},
		{Number: 0, Start: 100, End: 200, Worker: 7000, Core: 0},
	}
	turns := []cpython.Turn{{Worker: 7000, At: 100, Begins: true}, {Worker: 9000, At: 120, Begins: true}, {Worker: 9000, At: 140}, {Worker: 7000, At: 150, Begins: true}, {Worker: 7000, At: 180}}
	want := []lane.Slice{
		{Lane: "thread 1", Task: 0, State: lane.Running, Core: -1, Last: -1, Start: 0, End: 20},
		{Lane: "thread 1", Task: 0, State: lane.Ready, Core: -1, Last: -1, Start: 20, End: 50},
		{Lane: "thread 1", Task: 0, State: lane.Running, Core: -1, Last: -1, Start: 50, End: 80},
		{Lane: "thread 1", Task: 0, State: lane.Waiting, Core: -1, Last: 0, Start: 80, End: 100},
		{Lane: "thread 2", Task: 1, State: lane.Ready, Core: -1, Last: -1, Start: 10, End: 20},
		{Lane: "thread 2", Task: 1, State: lane.Running, Core: -1, Last: -1, Start: 20, End: 40},
		{Lane: "thread 2", Task: 1, State: lane.Waiting, Core: -1, Last: 1, Start: 40, End: 60},
	}
	if got := pythonLanes(tasks, turns, true, 100); !slices.Equal(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}

// Of a process it is known how long it computed.
func TestLanesOfPythonProcessesAreWhatTheyConsumed(t *testing.T) {
	tasks := []cpython.Task{{Number: 3, Start: 100, End: 150, Worker: 4711, Core: 1, CPU: 20}, {Number: 4, Start: 150, End: 160, Worker: 4711, Core: -1, CPU: 30}}
	want := []lane.Slice{
		{Lane: "process 4711", Task: 3, State: lane.Running, Core: -1, Last: -1, Start: 0, End: 20},
		{Lane: "process 4711", Task: 3, State: lane.Waiting, Core: -1, Last: 1, Start: 20, End: 50},
		{Lane: "process 4711", Task: 4, State: lane.Running, Core: -1, Last: -1, Start: 50, End: 60},
	}
	if got := pythonLanes(tasks, nil, false, 100); !slices.Equal(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}

// Threads that only wait note no turn; they are threads all the same.
func TestThreadsOfPythonThatWait(t *testing.T) {
	tasks := []cpython.Task{{Number: 0, Start: 100, End: 150, Worker: 1 << 40, Core: 1, CPU: 10}}
	want := []lane.Slice{
		{Lane: "thread 1", State: lane.Running, Core: -1, Last: -1, End: 10},
		{Lane: "thread 1", State: lane.Waiting, Core: -1, Last: 1, Start: 10, End: 50},
	}
	if got := pythonLanes(tasks, nil, true, 100); !slices.Equal(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}
