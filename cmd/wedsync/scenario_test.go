package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/connectors/s3"
	"github.com/wedsync/wedsync/connectors/s3/s3test"
	"github.com/wedsync/wedsync/internal/gqlclient"
)

// scenario is a folder that is synced to a folder and two buckets.
type scenario struct {
	t       *testing.T
	source  string
	folder  string
	buckets []connectors.Source
	s3      *s3test.Server
	sync    string
}

// newScenario fills a folder with files of many sizes and names, starts the
// stores and defines the sync through the API.
func newScenario(t *testing.T, hub *gqlclient.Client, files, maxBytes int) *scenario {
	t.Helper()
	s := &scenario{t: t, source: t.TempDir(), folder: t.TempDir()}
	s.fill(files, maxBytes)
	server, endpoint := s3test.Start(t, s3test.Options{
		AccessKey: "key", SecretKey: "secret", Buckets: []string{"first", "second"}, Dir: t.TempDir(),
	})
	s.s3 = server
	secrets := map[string]any{"access_key_id": "key", "secret_access_key": "secret"}
	targets := []string{s.connect(hub, "local", map[string]any{"root": s.folder}, nil)}
	for _, bucket := range []string{"first", "second"} {
		settings := map[string]any{"bucket": bucket, "endpoint": endpoint}
		targets = append(targets, s.connect(hub, "s3", settings, secrets))
		s.buckets = append(s.buckets, s.open(endpoint, bucket))
	}
	source := s.connect(hub, "local", map[string]any{"root": s.source, "settle": "0s"}, nil)
	wedding := s.made(hub, "weddingCreate", "wedding", map[string]any{"name": "W", "date": "2026-06-20", "timeZone": "Europe/Lisbon"})
	places := make([]map[string]any, len(targets))
	for i, target := range targets {
		places[i] = map[string]any{"connectionId": target, "path": "Album"}
	}
	s.sync = s.made(hub, "syncCreate", "sync", map[string]any{
		"weddingId": wedding, "name": "Album", "sourceId": source, "targets": places, "deleteMode": "TRASH",
	})
	return s
}

func (s *scenario) fill(files, maxBytes int) {
	s.t.Helper()
	rng := rand.New(rand.NewPCG(1, 2))
	names := []string{"IMG_%04d.jpg", "Cérémonie à %d.jpg", "party 🥂 %d.CR3", "a b/c d/%d.xmp", "%d/UPPER.JPG", "%d/upper.jpg"}
	for i := range files {
		content := make([]byte, rng.IntN(maxBytes))
		for j := 0; j+8 <= len(content); j += 8 {
			v := rng.Uint64()
			for k := range 8 {
				content[j+k] = byte(v >> (8 * k))
			}
		}
		name := filepath.Join(s.source, fmt.Sprintf(names[i%len(names)], i/len(names)))
		s.check(os.MkdirAll(filepath.Dir(name), 0o755))
		s.check(os.WriteFile(name, content, 0o644))
	}
}

// open reaches a bucket without the hub.
func (s *scenario) open(endpoint, bucket string) connectors.Source {
	s.t.Helper()
	c, err := s3.Vendor{}.Open(s.t.Context(), connectors.Config{
		Settings: map[string]string{"bucket": bucket, "endpoint": endpoint},
		Secrets:  map[string]string{"access_key_id": "key", "secret_access_key": "secret"},
		HTTP:     http.DefaultClient,
	})
	s.check(err)
	s.t.Cleanup(func() { s.check(c.Close()) })
	return c.(connectors.Source)
}

func (s *scenario) check(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *scenario) connect(hub *gqlclient.Client, provider string, settings, secrets map[string]any) string {
	s.t.Helper()
	input := map[string]any{"provider": provider, "name": provider, "settings": settings}
	if secrets != nil {
		input["secrets"] = secrets
	}
	return s.made(hub, "connectionCreate", "connection", input)
}

// made runs a mutation that makes one thing and returns its id.
func (s *scenario) made(hub *gqlclient.Client, mutation, thing string, input map[string]any) string {
	s.t.Helper()
	kind := strings.ToUpper(mutation[:1]) + mutation[1:] + "Input!"
	query := fmt.Sprintf("mutation($input: %s) { result: %s(input: $input) { %s { id } userErrors { code field message } } }", kind, mutation, thing)
	var out struct{ Result map[string]json.RawMessage }
	s.check(hub.Do(s.t.Context(), query, map[string]any{"input": input}, &out))
	if errs := string(out.Result["userErrors"]); errs != "[]" {
		s.t.Fatalf("%s: %s", mutation, errs)
	}
	var made struct{ ID string }
	s.check(json.Unmarshal(out.Result[thing], &made))
	return made.ID
}

func (s *scenario) start(hub *gqlclient.Client) string {
	s.t.Helper()
	return s.made(hub, "syncStart", "run", map[string]any{"syncId": s.sync})
}

type runState struct {
	State, Reason              string
	Operations, OperationsDone int
	BytesDone                  int64
	Totals                     *struct{ Files, Copies, Unchanged int }
}

func runNow(ctx context.Context, hub *gqlclient.Client, id string) (runState, error) {
	var out struct{ Run runState }
	err := hub.Do(ctx, `query($id: ID!) { run(id: $id) {
		state reason operations operationsDone bytesDone totals { files copies unchanged } } }`, map[string]any{"id": id}, &out)
	return out.Run, err
}

// await polls until the run is in a state that want accepts. Errors while a
// process is down are what the tests provoke, so only the deadline counts.
func (s *scenario) await(hub *gqlclient.Client, id string, within time.Duration, want func(runState) bool) runState {
	s.t.Helper()
	deadline := time.After(within)
	var last runState
	var lastErr error
	for tick := time.NewTicker(30 * time.Millisecond); ; {
		r, err := runNow(s.t.Context(), hub, id)
		if err == nil && want(r) {
			tick.Stop()
			return r
		}
		last, lastErr = r, err
		select {
		case <-tick.C:
		case <-deadline:
			s.t.Fatalf("after %s the run is %+v (last error: %v)", within, last, lastErr)
		}
	}
}

func isOver(r runState) bool {
	switch r.State {
	case "COMPLETED", "PARTIAL", "FAILED", "CANCELED", "STALE":
		return true
	}
	return false
}

// compare reads every store without the hub and compares it with the source, byte
// for byte and in both directions.
func (s *scenario) compare() {
	s.t.Helper()
	want := s.files(s.source)
	if len(want) == 0 {
		s.t.Fatal("the source is empty")
	}
	same(s.t, "the folder", want, s.files(filepath.Join(s.folder, "Album")))
	for i, bucket := range s.buckets {
		same(s.t, fmt.Sprintf("bucket %d", i+1), want, s.objects(bucket))
	}
}

func (s *scenario) files(dir string) map[string][]byte {
	s.t.Helper()
	out := map[string][]byte{}
	s.check(fs.WalkDir(os.DirFS(dir), ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		out[path], err = os.ReadFile(filepath.Join(dir, path))
		return err
	}))
	return out
}

func (s *scenario) objects(bucket connectors.Source) map[string][]byte {
	s.t.Helper()
	out := map[string][]byte{}
	for cursor := ""; ; {
		page, err := bucket.List(s.t.Context(), "", cursor)
		s.check(err)
		for _, o := range page.Objects {
			r, _, err := bucket.Open(s.t.Context(), o.Path, 0, "")
			s.check(err)
			content, err := io.ReadAll(r)
			s.check(err)
			s.check(r.Close())
			out[strings.TrimPrefix(o.Path, "Album/")] = content
		}
		if cursor = page.Next; cursor == "" {
			return out
		}
	}
}

func same(t *testing.T, where string, want, got map[string][]byte) {
	t.Helper()
	for path, content := range want {
		theirs, ok := got[path]
		switch {
		case !ok:
			t.Errorf("%s lacks %q", where, path)
		case !bytes.Equal(content, theirs):
			t.Errorf("%s holds other bytes of %q", where, path)
		}
	}
	for path := range got {
		if _, ok := want[path]; !ok {
			t.Errorf("%s holds %q, which the source does not", where, path)
		}
	}
}

// nothingLeftToDo runs the sync once more and expects every file to be in step.
func (s *scenario) nothingLeftToDo(hub *gqlclient.Client) {
	s.t.Helper()
	r := s.await(hub, s.start(hub), time.Minute, isOver)
	if r.State != "COMPLETED" || r.Totals == nil || r.Operations != 0 || r.Totals.Unchanged == 0 {
		s.t.Errorf("a second run is %+v (totals %+v), want nothing to do", r, r.Totals)
	}
}
