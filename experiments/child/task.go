package child

import (
	"fmt"

	"parcon/experiments/tasks"
	"parcon/experiments/tasks/workload"
)

// Task makes the task that an order's variant runs, its parameters, and the host among
// them that its model has for tasks.
func (o Order) Task() (tasks.Grid, workload.Params, workload.Task, error) {
	g, err := tasks.Parse(o.Variant)
	if err != nil {
		return g, workload.Params{}, nil, err
	}
	w, params, err := o.Setting.params(g.Workload.Name, g.Python, g.Share, g.Length)
	if err != nil {
		return g, params, nil, err
	}
	if _, there := o.Setting.Pythons[g.Python]; !there && g.Model.Python {
		return g, params, nil, fmt.Errorf("variant %s: there is no %s: name it with --python", o.Variant, g.Python)
	}
	if g.Delay > 0 {
		params.Delay = g.Delay
	}
	if g.Model.Host != nil {
		params.Host = g.Model.Host()
	}
	task, err := w.New(params)
	return g, params, task, err
}
