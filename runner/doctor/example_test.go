package doctor_test

import (
	"os"

	"parcon/runner/doctor"
)

// A laptop on battery, of which little else is known.
func ExampleExamine() {
	findings := doctor.Examine(doctor.Facts{
		Governors: []string{"powersave"},
		Power:     doctor.Known(doctor.Power{Batteries: 1, Draining: true}),
		Quota:     doctor.Known(doctor.Quota{}),
	})
	_ = doctor.Print(os.Stdout, findings[:2])
	// Output:
	// warning  battery   running on battery
	//                    Why: on battery a machine slows its cores to last longer.
	//                    Do: plug it in.
	// warning  governor  set to powersave
	//                    Why: cores that speed up with the load make the same work
	//                    last longer at first, and less loaded cores slower.
	//                    Do: keep the cores at one frequency while you measure.
	//                    $ sudo cpupower frequency-set -g performance
	//
	// 2 things to mend before measuring
}
