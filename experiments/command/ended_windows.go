package command

import "os"

func groupLives(int) bool { return false }

func peakOf(*os.ProcessState) int64 { return 0 }
