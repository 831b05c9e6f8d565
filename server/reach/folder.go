package reach

import (
	"path/filepath"
	"strings"
)

// Folders returns the check whether a folder of this machine may be the root of a
// connection: below one of roots (none: anywhere), and neither inside, around nor
// the same as private, where the hub keeps its own data. Symbolic links are
// followed before the check; a folder that does not exist is refused.
func Folders(roots []string, private string) func(path string) bool {
	return func(path string) bool {
		real, err := filepath.EvalSymlinks(path)
		if err != nil || !filepath.IsAbs(real) {
			return false
		}
		own := resolved(private)
		if within(real, own) || within(own, real) {
			return false
		}
		for _, root := range roots {
			if within(real, resolved(root)) {
				return true
			}
		}
		return len(roots) == 0
	}
}

// resolved follows symbolic links as far as the path exists.
func resolved(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return filepath.Clean(path)
}

// within reports whether path is folder or lies below it.
func within(path, folder string) bool {
	rel, err := filepath.Rel(folder, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}
