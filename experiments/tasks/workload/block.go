package workload

var block = Workload{
	Name: "block", Kind: Block,
	Doc: "blocks its thread in the kernel for as long as a sleep waits: no scheduler of a program's own hears of it",
	New: func(p Params) (Task, error) {
		return func(seed uint64) (uint64, error) {
			var err error
			p.Block(func() { err = stopThread(p.Delay) })
			return seed, err
		}, nil
	},
}
