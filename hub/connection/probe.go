package connection

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"time"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/internal/id"
)

const (
	// testFolder is where tests write, and remove again.
	testFolder = connectors.HubFolder + "/test"
	// testSize is enough to see that content comes back whole.
	testSize = 64 << 10
	// testRead bounds what a test reads of somebody's file.
	testRead = 1 << 20
	// testPages bounds how far a test lists to find its file.
	testPages = 20
)

// Step is one thing that a test tried.
type Step struct {
	Name    string `json:"name"`
	OK      bool   `json:"ok"`
	Message string `json:"message"`
	Ms      int    `json:"ms"`
}

// probe tries what syncs need, up to the first failure.
type probe struct {
	conn  connectors.Connection
	clock func() time.Time
	// path and content are the test file's.
	path    string
	content []byte
	written connectors.Object
	steps   []Step
	// failure is what the last step failed with.
	failure error
}

func newProbe(clock func() time.Time) *probe {
	content := make([]byte, testSize)
	rand.Read(content) // never fails: the runtime ends the program instead
	return &probe{clock: clock, path: testFolder + "/" + id.New(id.Job) + ".bin", content: content}
}

// step tries one thing unless an earlier one failed. do returns what to tell
// people if it works.
func (p *probe) step(ctx context.Context, name string, do func(context.Context) (string, error)) {
	if p.failure != nil {
		return
	}
	began := p.clock()
	said, err := do(ctx)
	s := Step{Name: name, OK: err == nil, Message: said, Ms: int(p.clock().Sub(began).Milliseconds())}
	if err != nil {
		s.Message, p.failure = words(err), err
	}
	p.steps = append(p.steps, s)
}

// run tries the roles that the connection has. It leaves nothing behind.
func (p *probe) run(ctx context.Context) {
	p.step(ctx, "reach", func(ctx context.Context) (string, error) {
		return "the account answers", p.conn.Check(ctx)
	})
	source, reads := p.conn.(connectors.Source)
	sink, writes := p.conn.(connectors.Sink)
	switch {
	case writes:
		p.writing(ctx, sink, source)
	case reads:
		p.step(ctx, "list", func(ctx context.Context) (string, error) { return p.listAnything(ctx, source) })
		if p.written.Path != "" {
			p.step(ctx, "read", func(ctx context.Context) (string, error) { return p.readAnything(ctx, source) })
		}
	}
}

func (p *probe) writing(ctx context.Context, sink connectors.Sink, source connectors.Source) {
	p.step(ctx, "write", func(ctx context.Context) (string, error) {
		var err error
		p.written, err = p.write(ctx, sink)
		return fmt.Sprintf("a file of %d bytes was written", testSize), err
	})
	if source != nil {
		p.step(ctx, "read", func(ctx context.Context) (string, error) { return p.readBack(ctx, source) })
	}
	p.step(ctx, "conditional write", func(ctx context.Context) (string, error) { return p.writeAgain(ctx, sink) })
	if source != nil {
		p.step(ctx, "list", func(ctx context.Context) (string, error) { return p.findListed(ctx, source) })
	}
	if deleter, ok := p.conn.(connectors.Deleter); ok && p.written.Path != "" {
		p.cleanUp(ctx, deleter)
	}
}

// cleanUp removes the test file, whatever the test came to.
func (p *probe) cleanUp(ctx context.Context, deleter connectors.Deleter) {
	remove := func(ctx context.Context) (string, error) {
		return "the file was removed", deleter.Delete(ctx, p.path, connectors.Expect{})
	}
	if p.failure == nil {
		p.step(ctx, "delete", remove)
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tryFor)
	defer cancel()
	if _, err := remove(ctx); err != nil {
		last := &p.steps[len(p.steps)-1]
		last.Message += fmt.Sprintf("; and the test file %s could not be removed", p.path)
	}
}

// write writes the test file where nothing is yet.
func (p *probe) write(ctx context.Context, sink connectors.Sink) (connectors.Object, error) {
	up := connectors.Upload{
		Path: p.path, Size: testSize, ModTime: p.clock().UTC().Truncate(time.Second),
		Expect: connectors.Expect{Absent: true},
	}
	session, err := sink.Begin(ctx, up)
	if err != nil {
		return connectors.Object{}, err
	}
	for session.Offset() < testSize {
		rest := p.content[session.Offset():]
		part := rest[:min(session.PartSize(), int64(len(rest)))]
		if err := session.Write(ctx, bytes.NewReader(part), int64(len(part))); err != nil {
			return connectors.Object{}, giveUp(ctx, session, err)
		}
	}
	written, err := session.Commit(ctx)
	if err != nil {
		return connectors.Object{}, giveUp(ctx, session, err)
	}
	return written, nil
}

// giveUp frees what the store holds of an upload that failed with err, which is
// what counts: stores forget such uploads by themselves in the end.
func giveUp(ctx context.Context, session connectors.Session, err error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tryFor)
	defer cancel()
	_ = session.Abort(ctx)
	return err
}

func (p *probe) readBack(ctx context.Context, source connectors.Source) (string, error) {
	body, _, err := source.Open(ctx, p.path, 0, p.written.Revision)
	if err != nil {
		return "", err
	}
	defer body.Close()
	got, err := io.ReadAll(io.LimitReader(body, testSize+1))
	if err != nil {
		return "", err
	}
	if !bytes.Equal(got, p.content) {
		return "", failed(connectors.Corrupt, "read", "the file came back other than it was written")
	}
	return "the file came back as it was written", nil
}

func (p *probe) writeAgain(ctx context.Context, sink connectors.Sink) (string, error) {
	_, err := p.write(ctx, sink)
	switch {
	case err == nil:
		return "", failed(connectors.Permanent, "write", "a write that demanded a free path replaced a file: this store cannot protect files from being overwritten")
	case connectors.Is(err, connectors.Exists), connectors.Is(err, connectors.Conflict):
		return "a write to a path that is taken was refused, as it has to be", nil
	}
	return "", err
}

func (p *probe) findListed(ctx context.Context, source connectors.Source) (string, error) {
	cursor := ""
	for range testPages {
		page, err := source.List(ctx, testFolder, cursor)
		if err != nil {
			return "", err
		}
		for _, o := range page.Objects {
			if o.Path == p.path {
				return "the file is listed", nil
			}
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	return "", failed(connectors.NotFound, "list", "the file that was written is not listed")
}

func (p *probe) listAnything(ctx context.Context, source connectors.Source) (string, error) {
	page, err := source.List(ctx, "", "")
	if err != nil {
		return "", err
	}
	if len(page.Objects) == 0 {
		return "it is empty", nil
	}
	p.written = page.Objects[0]
	return fmt.Sprintf("the first page lists %d files", len(page.Objects)), nil
}

func (p *probe) readAnything(ctx context.Context, source connectors.Source) (string, error) {
	body, _, err := source.Open(ctx, p.written.Path, 0, p.written.Revision)
	if err != nil {
		return "", err
	}
	defer body.Close()
	n, err := io.Copy(io.Discard, io.LimitReader(body, testRead))
	return fmt.Sprintf("%d bytes of a file were read", n), err
}

func failed(kind connectors.Kind, op, message string) error {
	return &connectors.Error{Kind: kind, Op: op, Err: fmt.Errorf("%s", message)}
}
