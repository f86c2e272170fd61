package model

import "fmt"

// All lists the models.
var All = []Model{
	serial, goroutine, pool, errgroupPool, antsPool, pondPool,
	thread, gil, gilLock, loop, coroutine, process, processPool, processPoolRing, distributed,
	cpythonSerial, cpythonThread, cpythonProcess, cpythonPool, cpythonAsyncio, cpythonSubinterpreter,
}

// Find returns the model of that name.
func Find(name string) (Model, error) {
	for _, m := range All {
		if m.Name == name {
			return m, nil
		}
	}
	return Model{}, fmt.Errorf("model %q is not known: `parcon list` shows those that are", name)
}

// Serial is the name of the model that a model's speed is compared with.
func (m Model) Serial() string {
	if m.Python {
		return cpythonSerial.Name
	}
	return serial.Name
}
