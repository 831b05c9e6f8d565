// Package migrations holds the versioned SQL that makes PostgreSQL's tables those
// of ent/schema. The files are written by `go run ./ent/migrate/diff NAME` in
// golang-migrate's layout and never edited once they are released.
package migrations

import (
	"embed"
	"io/fs"
)

//go:embed *.sql atlas.sum
var files embed.FS

// Files returns the files NUMBER_name.up.sql and .down.sql.
func Files() fs.FS { return files }
