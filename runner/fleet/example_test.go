package fleet_test

import (
	"fmt"

	"parcon/runner/fleet"
)

func ExampleChoose() {
	own := fleet.Identity{Version: "1", Catalogue: "c"}
	taken, refused := fleet.Choose(own, nil, []string{"alpha"})
	fmt.Println(len(taken), refused)
	// Output: 0 [alpha has not joined: start `parcon agent --name alpha` there]
}
