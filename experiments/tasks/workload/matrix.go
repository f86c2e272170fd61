package workload

import (
	"math"
	"sync"
)

var matrix = Workload{
	Name: "matrix", Kind: CPU, Sized: true,
	Doc: "rows of a matrix of 16 MiB times a vector: memory bandwidth",
	New: func(p Params) (Task, error) {
		// The first task makes it: a process whose workers are other processes needs none.
		m := sync.OnceValue(newMatrix)
		return func(seed uint64) (uint64, error) { return m().multiply(seed, p.Size, &p), nil }, nil
	},
}

// 2,048 rows of 1,024 numbers are 16 MiB: more than the second-level cache of
// any core, so rows stream from the shared cache or from memory.
const (
	rows    = 2048
	columns = 1024
	period  = 251 // of its numbers, 0 to 250
)

type denseMatrix struct {
	values []float64 // row by row
	vector []float64
}

func newMatrix() *denseMatrix {
	m := &denseMatrix{make([]float64, rows*columns), make([]float64, columns)}
	for i := range period {
		m.values[i] = float64(i)
	}
	for done := period; done < len(m.values); done *= 2 { // as fast as memory is
		copy(m.values[done:], m.values[:done])
	}
	for i := range m.vector {
		m.vector[i] = float64(i % 13)
	}
	return m
}

// multiply multiplies size rows with the vector, starting at another row for
// each seed, and returns the bits of the sum of the products.
func (m *denseMatrix) multiply(seed uint64, size int, p *Params) uint64 {
	row := int(seed) * (rows / Seeds)
	sum := float64(seed)
	for range size {
		p.Check()
		if row++; row >= rows {
			row = 0
		}
		sum += dot(m.values[row*columns:(row+1)*columns], m.vector)
	}
	return math.Float64bits(sum)
}

// dot keeps four sums: with one, each addition waits for the one before and
// the loop is bound by the adder, not by memory.
func dot(a, b []float64) float64 {
	var s0, s1, s2, s3 float64
	b = b[:len(a)]
	for i := 0; i+3 < len(a); i += 4 {
		s0 += a[i] * b[i]
		s1 += a[i+1] * b[i+1]
		s2 += a[i+2] * b[i+2]
		s3 += a[i+3] * b[i+3]
	}
	return s0 + s1 + s2 + s3
}
