package testenv

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// Redis is a test's own Redis server.
type Redis struct {
	// URL stays the same while the server is stopped and started.
	URL   string
	proxy *proxy
}

// haveRedis reports once whether there is a real Redis.
var haveRedis = sync.OnceValue(func() error {
	var err error
	if os.Getenv("WEDSYNC_TEST_REDIS_URL") == "" {
		_, err = find("redis-server")
	}
	report(redisName, err, "in-process Redis alone")
	return err
})

// NewRedis returns a real Redis server that only this test uses or, where there is
// none, one in the process.
func NewRedis(t testing.TB) *Redis {
	t.Helper()
	if err := haveRedis(); err != nil {
		if required(redisName) {
			t.Fatalf("Redis is required: %v", err)
		}
		return inProcessRedis(t)
	}
	if given := os.Getenv("WEDSYNC_TEST_REDIS_URL"); given != "" {
		return sharedRedis(t, given)
	}
	return privateRedis(t)
}

func inProcessRedis(t testing.TB) *Redis {
	t.Helper()
	server := miniredis.NewMiniRedis()
	server.ClockTTL(true)
	if err := server.StartAddr("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return behindProxy(t, &redis.Options{Network: "tcp", Addr: server.Addr()})
}

func privateRedis(t testing.TB) *Redis {
	t.Helper()
	program, err := find("redis-server")
	if err != nil {
		t.Fatal(err)
	}
	server, err := newProcess(redisName, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Errorf("end Redis: %v", err)
		}
	})
	socket := filepath.Join(server.dir, "socket")
	if err := server.start("KILL", program, "--port", "0", "--unixsocket", socket,
		"--dir", server.dir, "--save", "", "--appendonly", "no"); err != nil {
		t.Fatal(err)
	}
	options := &redis.Options{Network: "unix", Addr: socket}
	client := redis.NewClient(options)
	ctx, cancel := context.WithTimeout(t.Context(), startTime)
	defer cancel()
	err = untilReady(ctx, func(ctx context.Context) error { return client.Ping(ctx).Err() })
	if err := errors.Join(err, client.Close()); err != nil {
		t.Fatalf("start Redis: %v: %s", err, server.output())
	}
	return behindProxy(t, options)
}

// sharedRedis takes turns with all other tests at the one server there is.
func sharedRedis(t testing.TB, rawURL string) *Redis {
	t.Helper()
	options, err := redis.ParseURL(rawURL)
	if err != nil || options.Password != "" || options.TLSConfig != nil {
		t.Fatal("WEDSYNC_TEST_REDIS_URL has to be redis:// or unix:// without password")
	}
	unlock, err := lockFile(filepath.Join(os.TempDir(), "wedsync-test-redis.lock"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unlock(); err != nil {
			t.Errorf("give Redis to the next test: %v", err)
		}
	})
	r := behindProxy(t, options)
	r.Flush(t)
	return r
}

func behindProxy(t testing.TB, options *redis.Options) *Redis {
	t.Helper()
	dialer := net.Dialer{Timeout: 5 * time.Second}
	p, err := newProxy(func() (net.Conn, error) {
		return dialer.Dial(options.Network, options.Addr)
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.stop(); err != nil && !errors.Is(err, net.ErrClosed) {
			t.Errorf("end the proxy: %v", err)
		}
	})
	return &Redis{URL: "redis://" + p.address, proxy: p}
}

// Flush makes the server forget everything.
func (r *Redis) Flush(t testing.TB) {
	t.Helper()
	client := r.Client(t)
	if err := client.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
}

// Client returns a client that ends with the test.
func (r *Redis) Client(t testing.TB) *redis.Client {
	t.Helper()
	options, err := redis.ParseURL(r.URL)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Errorf("close Redis client: %v", err)
		}
	})
	return client
}

// Stop takes the server away: connections break and new ones are refused.
func (r *Redis) Stop(t testing.TB) {
	t.Helper()
	if err := r.proxy.stop(); err != nil {
		t.Fatal(err)
	}
}

// Start brings the server back after Stop, with the data it had.
func (r *Redis) Start(t testing.TB) {
	t.Helper()
	if err := r.proxy.start(); err != nil {
		t.Fatal(err)
	}
}

// Pair is what one kind of installation stores its things in.
type Pair struct {
	Database
	Redis *Redis
}

// EmbeddedPair is what an installation without servers has: SQLite and Redis in
// the process.
func EmbeddedPair(t testing.TB) Pair {
	t.Helper()
	return Pair{Database: sqliteDatabase(t), Redis: inProcessRedis(t)}
}

// ServerPair is PostgreSQL and Redis. Without PostgreSQL the test fails.
func ServerPair(t testing.TB) Pair {
	t.Helper()
	return Pair{Database: postgresDatabase(t), Redis: NewRedis(t)}
}

// Pairs runs the test on both kinds of installation, in parallel.
func Pairs(t *testing.T, test func(*testing.T, Pair)) {
	t.Helper()
	t.Run("sqlite+miniredis", func(t *testing.T) {
		t.Parallel()
		test(t, EmbeddedPair(t))
	})
	if !havePostgres(t) {
		return
	}
	t.Run("postgres+redis", func(t *testing.T) {
		t.Parallel()
		test(t, ServerPair(t))
	})
}
