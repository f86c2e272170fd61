package command_test

import (
	"context"
	"fmt"

	"parcon/experiments/command"
)

func Example() {
	argv := command.Fill([]string{"echo", "<{}>"}, "two words")
	done, err := command.Task{Argv: argv, Keep: 100}.Run(context.Background())
	fmt.Printf("%s%v\n", done.Out, err)
	// Output:
	// <two words>
	// <nil>
}
