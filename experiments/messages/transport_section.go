package messages

import (
	"fmt"

	"parcon/experiments/number"
	"parcon/experiments/section"
)

func transportSections() []section.Section {
	one := func(transport string) section.Pick {
		return section.Pick{"transport", transport, "what", roundTrip, "size", "64", "cores", oneCore}
	}
	return []section.Section{{
		Topic: "A message there and back", Claims: []string{"M1"}, Answer: true,
		Why: "Writing into a pipe is a call of the kernel, reading another, and a shared core has to switch; through shared memory whoever spins needs none of that.",
		Form: section.Table{
			Finding: []section.Clause{
				section.Folded("ns/op", "a message of 64 bytes there and back takes %s as long through a queue as through a pipe", one(queueTransport), one(pipeTransport)),
				section.Folded("ns/op", "through CPython's Queue %s as long as through its Pipe", one(pythonQueue), one(pythonPipe)),
				section.Folded("ns/op", "through a ring whose sides spin on two cores %s as long as through a pipe on one",
					section.Pick{"transport", spinningRing, "what", roundTrip, "size", "64", "cores", twoCores}, one(pipeTransport)),
			},
			Rows: waysOf(roundTrip),
			Columns: []section.Column{
				section.Under("through", section.Value("transport")),
				section.Under("size", section.Value("size")),
				section.Under("on one core", onCores(oneCore, takes)),
				section.Under("across two cores", onCores(twoCores, takes)),
			},
			Note: "Time of a message to another process and of the answer, with {interval}s. A channel leads to a goroutine, which is handed the message's memory. A ring is shared memory: its sides sleep at once, or first look again and again for up to 50 µs.",
		},
	}, {
		Topic: "Messages one way",
		Form: section.Table{
			Finding: []section.Clause{fastest},
			Rows:    waysOf(flowing),
			Columns: []section.Column{
				section.Under("through", section.Value("transport")),
				section.Under("size", section.Value("size")),
				section.Under("on one core, MB/s", onCores(oneCore, flows)),
				section.Under("across two cores, MB/s", onCores(twoCores, flows)),
			},
			Note: "MB/s, a million bytes in a second, with {interval}s: one process sends, the other one looks at each message and answers the last one. What a channel hands over is not copied.",
		},
	}}
}

// waysOf makes a row of each transport and size, on one core and across two.
func waysOf(what string) func(section.Samples) []section.Row {
	return func(s section.Samples) []section.Row {
		var rows []section.Row
		for _, transport := range s.Values("transport") {
			for _, size := range s.Values("size") {
				if row := s.With("transport", transport, "what", what, "size", size); len(row) > 0 {
					rows = append(rows, row)
				}
			}
		}
		return rows
	}
}

// onCores says something of the variant of a row that has so many cores.
func onCores(cores string, say func(section.Samples, section.Row) string) func(section.Samples, section.Row) string {
	return func(s section.Samples, row section.Row) string {
		for _, v := range row {
			if v.Get("cores") == cores {
				return say(s, section.Row{v})
			}
		}
		return ""
	}
}

var takes = section.Span("ns/op")

func flows(s section.Samples, row section.Row) string {
	return s.Center(row[0], bytesPerSecond).Over(1e6).In(number.Short)
}

// fastest says by what most of the bytes flow, of those that copy them.
func fastest(s section.Samples) string {
	var most number.Interval
	var by string
	for _, v := range s.With("what", flowing) {
		if i := s.Center(v, bytesPerSecond); v.Get("transport") != channelTransport && i.N > 0 && i.Estimate > most.Estimate {
			most, by = i, fmt.Sprintf("%s, messages of %s, %s", s.Word("transport", v.Get("transport")), s.Word("size", v.Get("size")), s.Word("cores", v.Get("cores")))
		}
	}
	if by == "" {
		return ""
	}
	return fmt.Sprintf("most flows through: %s, with %s MB/s", by, number.Short(most.Over(1e6).Estimate))
}
