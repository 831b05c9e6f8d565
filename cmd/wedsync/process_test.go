package main_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wedsync/wedsync/internal/gqlclient"
	"github.com/wedsync/wedsync/internal/testenv"
)

// program builds the hub once per test run, with the race detector as the tests.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "wedsync-test-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "wedsync")
	out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build the hub: %w\n%s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := program(); err == nil {
		os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

// installation is a hub's environment: where its processes keep state.
type installation struct {
	t   *testing.T
	env []string
	// redis is the queue's server, or nil if each process has its own queue.
	redis *testenv.Redis
}

const masterKey = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

// embedded is one machine with SQLite and the queue in the process.
func embedded(t *testing.T) *installation {
	return &installation{t: t, env: append(environment(), "WEDSYNC_DATA_DIR="+t.TempDir())}
}

// platform is PostgreSQL and Redis, shared by all processes.
func platform(t *testing.T) *installation {
	t.Helper()
	pair := testenv.ServerPair(t)
	return &installation{t: t, redis: pair.Redis, env: append(environment(), "WEDSYNC_DATA_DIR="+t.TempDir(),
		"WEDSYNC_DATABASE_URL="+pair.URL, "WEDSYNC_REDIS_URL="+pair.Redis.URL, "WEDSYNC_MASTER_KEY="+masterKey)}
}

// environment is the test's own without the hub's variables.
func environment() []string {
	env := []string{"WEDSYNC_LOCAL_ACCESS=allow"}
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "WEDSYNC_") && !strings.HasPrefix(v, "OTEL_") {
			env = append(env, v)
		}
	}
	return env
}

// run runs a command of the hub to its end and returns what it printed.
func (i *installation) run(args ...string) string {
	i.t.Helper()
	path, err := program()
	if err != nil {
		i.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(i.t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = i.env
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		i.t.Fatalf("wedsync %s: %v\n%s", strings.Join(args, " "), err, errs.String())
	}
	return strings.TrimSpace(string(out))
}

// token makes an organization's owner and returns a token of theirs.
func (i *installation) token(org string) string {
	i.t.Helper()
	return i.run("token", "create", "--org", org, "--user", "owner@example.com", "--role", "OWNER")
}

// process is a running hub.
type process struct {
	t    *testing.T
	cmd  *exec.Cmd
	url  string
	done chan struct{}
	logs *logs
}

// logs keeps the end of what a process writes.
type logs struct {
	mu   sync.Mutex
	text []byte
}

const keptLogs = 64 << 10

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, p...)
	if len(l.text) > 2*keptLogs {
		l.text = append([]byte(nil), l.text[len(l.text)-keptLogs:]...)
	}
	return len(p), nil
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.text)
}

// start starts "wedsync serve" or "wedsync work" and waits until it is ready. The
// process is killed when the test ends.
func (i *installation) start(args ...string) *process {
	i.t.Helper()
	path, err := program()
	if err != nil {
		i.t.Fatal(err)
	}
	addr := freeAddr(i.t)
	p := &process{t: i.t, cmd: exec.Command(path, args...), url: "http://" + addr, done: make(chan struct{}), logs: &logs{}}
	p.cmd.Env = append(append([]string(nil), i.env...), "WEDSYNC_ADDR="+addr)
	p.cmd.Stdout, p.cmd.Stderr = p.logs, p.logs
	if err := p.cmd.Start(); err != nil {
		i.t.Fatal(err)
	}
	go func() {
		p.cmd.Wait()
		close(p.done)
	}()
	i.t.Cleanup(func() {
		p.kill()
		if i.t.Failed() {
			i.t.Logf("logs of wedsync %s:\n%s", strings.Join(args, " "), p.logs)
		}
	})
	p.awaitReady()
	return p
}

// awaitReady polls the readiness that operators poll.
func (p *process) awaitReady() {
	p.t.Helper()
	deadline := time.After(30 * time.Second)
	for tick := time.NewTicker(20 * time.Millisecond); ; {
		resp, err := http.Get(p.url + "/readyz")
		if err == nil {
			_, _ = io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				tick.Stop()
				return
			}
		}
		select {
		case <-tick.C:
		case <-p.done:
			p.t.Fatalf("the hub ended before it was ready:\n%s", p.logs)
		case <-deadline:
			p.t.Fatalf("the hub is not ready after 30 s:\n%s", p.logs)
		}
	}
}

// kill ends the process as a power cut does.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // already over: fine
	<-p.done
}

// stop asks the process to end and waits.
func (p *process) stop() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		p.t.Fatal(err)
	}
	select {
	case <-p.done:
	case <-time.After(30 * time.Second):
		p.t.Fatalf("the hub did not end within 30 s of being asked:\n%s", p.logs)
	}
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		p.t.Errorf("the hub ended with %d:\n%s", code, p.logs)
	}
}

func (p *process) client(token string) *gqlclient.Client {
	return &gqlclient.Client{URL: p.url, Token: token}
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
