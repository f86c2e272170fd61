package workload

var allocate = Workload{
	Name: "allocate", Kind: CPU, Sized: true,
	Doc: "builds binary trees of 2,047 nodes and drops them: the garbage collector",
	New: func(p Params) (Task, error) {
		return func(seed uint64) (uint64, error) { return buildTrees(seed, p.Size, &p), nil }, nil
	},
}

type node struct {
	left, right *node
	value       uint64
}

// buildTrees builds size trees and returns the sum of all their values.
func buildTrees(seed uint64, size int, p *Params) uint64 {
	const depth = 10
	var sum uint64
	for i := range size {
		p.Check()
		sum += build(depth, seed+uint64(i)).sum()
	}
	return sum
}

func build(depth int, value uint64) *node {
	if depth == 0 {
		return &node{value: value}
	}
	return &node{build(depth-1, 2*value), build(depth-1, 2*value+1), value}
}

func (n *node) sum() uint64 {
	if n == nil {
		return 0
	}
	return n.value + n.left.sum() + n.right.sum()
}
