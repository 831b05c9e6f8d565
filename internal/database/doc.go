// Package database opens the hub's database and brings its tables up to date:
// PostgreSQL when there is a URL, else a SQLite file in the data directory. Any
// number of processes may open and migrate the same database at the same time.
package database
