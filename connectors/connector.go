package connectors

import (
	"context"
	"io"
	"net/http"
	"time"
)

// Vendor is one outside system: what it is (Descriptor) and how to reach it
// (Open). A Vendor holds no state of its own and is safe for concurrent use.
type Vendor interface {
	Descriptor() Descriptor

	// Open returns a live connection for the given configuration. It validates
	// settings and may touch the network no more than needed to find out what
	// this very store can do (name rules, versioning). Settings that cannot work
	// are reported with Kind Invalid and the name of the setting in Error.Field.
	Open(ctx context.Context, cfg Config) (Connection, error)
}

// Config is everything one connection needs. Settings and Secrets are keyed by
// the names that Descriptor.Settings declares; a secret never appears in
// Settings.
type Config struct {
	Settings map[string]string
	Secrets  map[string]string

	// HTTP carries every request of the connection. The hub hands in one whose
	// dialer enforces the operator's address policy; a vendor must not make its
	// own. Local stores ignore it.
	HTTP *http.Client

	// BaseURL, when set by the operator, replaces the vendor's public address.
	// A tenant can never set it.
	BaseURL string

	// AllowPath decides whether a folder of this machine may be used as a root.
	// nil refuses every folder: access to the operator's disk is opt-in.
	AllowPath func(path string) bool
}

// Connection is an opened account or store. What it can do beyond this
// interface is found by asserting the role interfaces below; the roles it
// implements are exactly those its Descriptor declares as supported.
// All methods are safe for concurrent use.
type Connection interface {
	// Names tells which paths this very store can hold.
	Names() NameRules

	// Check proves cheaply that the credentials work and the root is reachable.
	Check(ctx context.Context) error

	// Close releases watches and idle connections.
	Close() error
}

// Object is a file as a store reports it.
type Object struct {
	// Path is relative to the connection's root, slash-separated, without a
	// leading slash, exactly as the store spells it (no Unicode normalization).
	Path string
	// Size in bytes.
	Size int64
	// ModTime is the time of the content's last change as its author sees it;
	// zero if the store does not keep one.
	ModTime time.Time
	// Revision is the store's opaque token for this content. It changes whenever
	// the content changes, and serves as a precondition (see Expect).
	Revision string
	// Version is the store's id of this stored version, where it keeps versions.
	Version string
	// Hashes are those that the store reports without reading the content.
	Hashes Hashes
}

// Page is one part of a listing. A non-empty Next is the cursor of the next page.
type Page struct {
	Objects []Object
	Next    string
	// Skipped names what the listing left out on purpose and why (a symbolic
	// link, a device, a name that is no valid UTF-8), so that the plan can say so.
	Skipped []Skipped
}

// Skipped is an entry that a Source does not offer, with the reason for people.
// A skipped folder stands for everything below it. What is skipped is unknown,
// not absent: nothing may be deleted elsewhere because of it.
type Skipped struct {
	Path   string
	Reason string
}

// Source is a store whose files can be listed and read.
type Source interface {
	// List returns the files below prefix ("" for all; otherwise a folder path
	// without trailing slash) in pages, in no promised order. cursor is "" at
	// first, then Page.Next. Folders are not listed, and the hub's own HubFolder
	// only if prefix lies in it.
	List(ctx context.Context, prefix, cursor string) (Page, error)

	// Stat describes one file, or fails with NotFound.
	Stat(ctx context.Context, path string) (Object, error)

	// Open reads from offset to the end. The returned Object describes the very
	// content that is read. With a non-empty revision the read fails with
	// Conflict unless the file still has it; a change during the read makes the
	// reader fail with Conflict, never return mixed content silently. An offset
	// below zero or beyond the end fails with Invalid.
	Open(ctx context.Context, path string, offset int64, revision string) (io.ReadCloser, Object, error)
}

// Expect is the precondition of a write: what must be at the path for the write
// to happen. The zero value accepts anything.
type Expect struct {
	// Absent demands that nothing is there.
	Absent bool
	// Revision, if not empty, demands that exactly this revision is there.
	Revision string
}

// Upload describes a file that is to be written.
type Upload struct {
	Path    string
	Size    int64
	ModTime time.Time
	// Hashes of the whole content as far as they are known beforehand; a sink
	// hands them to the vendor to check where the protocol allows it.
	Hashes Hashes
	Expect Expect
}

// Sink is a store that files can be written to in sessions that survive a
// restart of the hub.
type Sink interface {
	// Begin starts an upload. Nothing is visible at the path before the session
	// commits (for a store with one-request uploads: before the last Write ends),
	// and never a part of the content. Expect is enforced by the store at commit
	// where it can; a violated one fails with Exists (Absent) or Conflict.
	Begin(ctx context.Context, up Upload) (Session, error)

	// Resume continues an upload from a checkpoint that Session.Checkpoint
	// returned earlier, asking the store what it really holds. A session that the
	// store has forgotten fails with SessionExpired; the caller begins anew.
	Resume(ctx context.Context, up Upload, checkpoint []byte) (Session, error)
}

// Session is one upload in progress; used by one goroutine at a time.
type Session interface {
	// Offset is how many bytes from the start the store holds for good. The next
	// Write continues there.
	Offset() int64

	// PartSize is how many bytes each Write takes, except the last which takes
	// the rest. It is at least 1 and constant for the session.
	PartSize() int64

	// Write sends the next n bytes, read from r, where n is PartSize or what is
	// left; any other n fails with Invalid. On an error Offset is unchanged and the
	// same part may be sent again. An error of r stays in the returned error's
	// chain, so that the caller can tell a broken source from a broken target; an r
	// that ends early fails with Corrupt.
	Write(ctx context.Context, r io.Reader, n int64) error

	// Checkpoint is what Resume needs, or nil if the upload cannot be resumed (it
	// then starts again from zero). It changes with every Write and holds no
	// secret.
	Checkpoint() []byte

	// Commit makes the file visible at its path, whole, and describes it as the
	// store now reports it. Committing twice is an error of the caller.
	Commit(ctx context.Context) (Object, error)

	// Abort gives the upload up and frees what the store holds of it.
	Abort(ctx context.Context) error
}

// Deleter removes files.
type Deleter interface {
	// Delete removes the file. Removing what is not there fails with NotFound, a
	// violated precondition with Conflict.
	Delete(ctx context.Context, path string, expect Expect) error
}

// Mover renames a file inside the store without its bytes passing the hub.
type Mover interface {
	// Move renames from to to. expect applies to from; to must be absent, or the
	// move fails with Exists and changes nothing. A crash leaves the file at one
	// of the two paths or at both, never at none.
	Move(ctx context.Context, from, to string, expect Expect) (Object, error)
}

// Copier duplicates a file inside the store without its bytes passing the hub.
type Copier interface {
	// Copy duplicates from at to. expect applies to from; to must be absent.
	Copy(ctx context.Context, from, to string, expect Expect) (Object, error)
}

// Versioner keeps what a path held before.
type Versioner interface {
	// Versions lists what the store keeps for the path, newest first. A store
	// whose versioning is switched off fails with Unsupported and says how to
	// switch it on.
	Versions(ctx context.Context, path string) ([]Object, error)

	// OpenVersion reads one kept version from the start.
	OpenVersion(ctx context.Context, path, version string) (io.ReadCloser, Object, error)
}

// Change is one path that may differ from what it was at an earlier cursor.
type Change struct {
	Path    string
	Deleted bool
}

// Changes is one answer of a ChangeFeed. More means that Changes can be asked
// again at once with the new cursor.
type Changes struct {
	Changes []Change
	Cursor  string
	More    bool
}

// ChangeFeed tells what changed since a cursor, so that a large store need not
// be listed again. It may report a path too often, never too seldom; where it
// cannot keep that promise it fails with CursorReset. HubFolder is left out.
type ChangeFeed interface {
	// Latest returns a cursor for "from now on".
	Latest(ctx context.Context) (string, error)

	// Changes returns what changed after the cursor. A cursor that the store no
	// longer knows fails with CursorReset: the caller lists everything again.
	Changes(ctx context.Context, cursor string) (Changes, error)

	// Wait returns nil once there may be changes after the cursor and their files
	// have settled, or ctx's error.
	Wait(ctx context.Context, cursor string) error
}
