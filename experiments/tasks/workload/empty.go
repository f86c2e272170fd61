package workload

var empty = Workload{
	Name: "empty", Kind: None,
	Doc: "does nothing: what remains is the price of handing out a task",
	New: func(Params) (Task, error) {
		return func(seed uint64) (uint64, error) { return seed, nil }, nil
	},
}
