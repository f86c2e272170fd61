package workload

var sleep = Workload{
	Name: "sleep", Kind: IO,
	Doc: "waits for a timer: parked, no CPU",
	New: func(p Params) (Task, error) {
		return func(seed uint64) (uint64, error) {
			p.Sleep(p.Delay)
			return seed, nil
		}, nil
	},
}
