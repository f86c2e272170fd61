package workload

import (
	"encoding/json"
	"fmt"
)

var jsonWork = Workload{
	Name: "json", Kind: CPU, Sized: true,
	Doc: "encodes and decodes a document of 20 orders: the mixture of a real service",
	New: func(p Params) (Task, error) {
		return func(seed uint64) (uint64, error) { return roundTrips(seed, p.Size, &p) }, nil
	},
}

type order struct {
	ID       uint64   `json:"id"`
	Customer string   `json:"customer"`
	Items    []string `json:"items"`
	Price    float64  `json:"price"`
	Paid     bool     `json:"paid"`
}

// roundTrips sends a document through JSON and back size times and returns a
// checksum over what came back.
func roundTrips(seed uint64, size int, p *Params) (uint64, error) {
	orders := makeOrders(seed)
	var sum uint64
	for i := range size {
		p.Check()
		text, err := json.Marshal(orders)
		if err != nil {
			return 0, fmt.Errorf("encoding the orders of seed %d: %w", seed, err)
		}
		orders = nil
		if err := json.Unmarshal(text, &orders); err != nil {
			return 0, fmt.Errorf("decoding the orders of seed %d: %w", seed, err)
		}
		sum += orders[i%len(orders)].ID + uint64(len(text))
	}
	return sum, nil
}

func makeOrders(seed uint64) []order {
	orders := make([]order, 20)
	for i := range orders {
		orders[i] = order{
			ID:       seed*1000 + uint64(i),
			Customer: "customer no. " + string(rune('A'+i)),
			Items:    []string{"pencil", "paper, ruled", "ink \"blue\"", "ruler"},
			Price:    float64(i) * 1.25,
			Paid:     i%2 == 0,
		}
	}
	return orders
}
