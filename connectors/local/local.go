package local

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/wedsync/wedsync/connectors"
)

// Names of the settings.
const (
	SettingRoot   = "root"
	SettingSettle = "settle"
)

const (
	defaultSettle = "2s"
	maxSettle     = time.Hour
)

// Vendor opens folders of this machine. The zero value uses the system's clock.
type Vendor struct {
	// Now and After are the clock by which a file counts as settled.
	Now   func() time.Time
	After func(time.Duration) <-chan time.Time
}

// Descriptor implements connectors.Vendor.
func (Vendor) Descriptor() connectors.Descriptor {
	d := connectors.Descriptor{
		Provider: "local",
		Name:     "Local folder",
		Category: connectors.CategoryStorage,
		Auth:     connectors.AuthNone,
		Settings: []connectors.Setting{{
			Name:     SettingRoot,
			Label:    "Folder",
			Help:     "Absolute path of a folder on the machine that runs the hub. The operator decides which folders may be used.",
			Required: true,
		}, {
			Name:    SettingSettle,
			Label:   "Settling time",
			Help:    "How long a file must have been left alone before it is taken, such as 2s or 1m, so that a card copy in progress is not synced half. 0s takes everything at once.",
			Default: defaultSettle,
		}},
		Limits: connectors.Limits{Concurrency: 4},
		Notes: []string{
			"Symbolic links, devices and pipes are skipped and named in the plan.",
			"Folders that a deletion or a move leaves empty are removed.",
		},
	}
	for _, r := range connectors.Roles() {
		support := connectors.RoleSupport{Role: r, Supported: true}
		if r == connectors.RoleVersioner {
			support = connectors.RoleSupport{Role: r, Reason: "A folder holds only what is there now; what it held before is not kept by the file system."}
		}
		d.Roles = append(d.Roles, support)
	}
	return d
}

// connection is one open folder.
type connection struct {
	root   *os.Root
	path   string // of root, absolute, free of symbolic links
	rules  connectors.NameRules
	settle settling

	feedMu sync.Mutex
	feed   *feed // nil until somebody asks for changes
}

// The compiler proves that the declared roles are there.
var (
	_ connectors.Source     = (*connection)(nil)
	_ connectors.Sink       = (*connection)(nil)
	_ connectors.Deleter    = (*connection)(nil)
	_ connectors.Mover      = (*connection)(nil)
	_ connectors.Copier     = (*connection)(nil)
	_ connectors.ChangeFeed = (*connection)(nil)
)

// Open implements connectors.Vendor. It makes a few empty folders below the root
// for a moment, to learn which names its file system holds.
func (v Vendor) Open(ctx context.Context, cfg connectors.Config) (connectors.Connection, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	settle, err := v.settling(cfg.Settings[SettingSettle])
	if err != nil {
		return nil, err
	}
	path, err := resolve(cfg)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, invalid(SettingRoot, "this folder cannot be opened")
	}
	c := &connection{root: root, path: path, rules: probeRules(root, path), settle: settle}
	if err := c.sweep(); err != nil {
		return nil, errors.Join(classify("open", "", err), root.Close())
	}
	return c, nil
}

// resolve returns the real path of the root if the operator allows it. A folder
// that may not be used and one that is not there look the same: nobody can find
// out this way what the machine holds.
func resolve(cfg connectors.Config) (string, error) {
	root := cfg.Settings[SettingRoot]
	switch {
	case root == "":
		return "", invalid(SettingRoot, "a folder is required")
	case !filepath.IsAbs(root):
		return "", invalid(SettingRoot, "the folder must be an absolute path")
	case cfg.AllowPath == nil:
		return "", invalid(SettingRoot, "folders of this machine are not allowed here")
	}
	path, err := filepath.EvalSymlinks(root)
	if err != nil || !cfg.AllowPath(path) {
		return "", invalid(SettingRoot, "this folder is not there or not allowed")
	}
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		return "", invalid(SettingRoot, "this is not a folder")
	}
	return path, nil
}

func invalid(field, why string) error {
	return &connectors.Error{Kind: connectors.Invalid, Op: "open", Field: field, Err: errors.New(why)}
}

// Names implements connectors.Connection.
func (c *connection) Names() connectors.NameRules { return c.rules }

// Check implements connectors.Connection.
func (c *connection) Check(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := c.present("check"); err != nil {
		return err
	}
	_, err := names(c.root, 1)
	return classify("check", "", err)
}

// present proves that the folder is still where it was. A drive that was pulled
// out, or a folder that was moved away, must not look like an empty one.
func (c *connection) present(op string) error {
	now, err := os.Stat(c.path)
	if err != nil {
		return fail(connectors.NotFound, op, "", "the folder is not there any more")
	}
	then, err := c.root.Stat(".")
	if err != nil || !os.SameFile(now, then) {
		return fail(connectors.NotFound, op, "", "another folder is in the place of the one that was opened")
	}
	return nil
}

// Close implements connectors.Connection.
func (c *connection) Close() error {
	c.feedMu.Lock()
	f := c.feed
	c.feed = nil
	c.feedMu.Unlock()
	if f != nil {
		f.stop()
	}
	return c.root.Close()
}
