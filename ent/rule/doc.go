// Package rule decides who may read and change which rows. The viewer travels in
// the context; without one every query and mutation fails, and a row of another
// organization is simply not there.
package rule
