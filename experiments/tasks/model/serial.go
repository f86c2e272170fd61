package model

var serial = Model{
	Name: "serial", Mapping: "one goroutine, one task after another, on one core: the baseline",
	// One core for the garbage collector too: with more, the collector of a
	// "serial" program runs in parallel to it.
	Procs: oneCore,
	Start: func(_ int, job Job) (Crew, error) { return serialCrew{job: job}, nil },
}

type serialCrew struct {
	inProcess
	job Job
}

func (c serialCrew) Run(n int) error {
	for task := range n {
		if err := c.job.Run(task); err != nil {
			return err
		}
	}
	return nil
}
