// The empty program does nothing: its start and end are what the start of any
// program of Go costs at least.
package main

func main() {}
