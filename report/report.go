// Package report says what the trials of a result file mean: estimates with
// intervals, verdicts on the catalogue's claims, charts and a Markdown page.
//
// It reads the result file and nothing else, so anyone can make a report again
// from the raw trials. Estimating and deciding are pure functions; only Write
// touches the disk. Every number and every finding in the text is computed.
package report
