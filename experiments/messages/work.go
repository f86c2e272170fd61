package messages

// microsecond is how many steps of computing (package lcg) take about one, on the machine
// where the numbers of steps were chosen. It is the same work everywhere.
const microsecond = 700
