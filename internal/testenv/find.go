package testenv

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Names of what WEDSYNC_TEST_REQUIRE can ask for.
const (
	postgresName = "postgres"
	redisName    = "redis"
)

// required reports whether tests must not do without the server.
func required(name string) bool {
	return slices.Contains(strings.Split(os.Getenv("WEDSYNC_TEST_REQUIRE"), ","), name)
}

// find returns the path of a server's program. Packages put PostgreSQL's where
// PATH does not lead.
func find(program string) (string, error) {
	if path, err := exec.LookPath(program); err == nil {
		return path, nil
	}
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin",
		"/usr/pgsql-*/bin",
		"/opt/homebrew/opt/*/bin",
		"/usr/local/opt/*/bin",
	} {
		dirs, err := filepath.Glob(pattern)
		if err != nil {
			return "", err
		}
		slices.Reverse(dirs) // the newest version first
		for _, dir := range dirs {
			if path, err := exec.LookPath(filepath.Join(dir, program)); err == nil {
				return path, nil
			}
		}
	}
	return "", fmt.Errorf("%s is not installed", program)
}
