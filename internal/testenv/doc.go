// Package testenv gives tests real databases and Redis servers of their own.
//
// PostgreSQL and Redis are those at WEDSYNC_TEST_DATABASE_URL and
// WEDSYNC_TEST_REDIS_URL; else private servers started from the binaries found on
// the machine, which end with the test binary however it ends; else tests run on
// SQLite and in-process Redis alone. WEDSYNC_TEST_REQUIRE=postgres,redis turns that
// last resort into a failure.
//
// `go run ./internal/testenv/with go test ./...` starts the servers once for all
// packages.
package testenv
