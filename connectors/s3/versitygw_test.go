package s3_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/wedsync/wedsync/connectors/connectortest"
	"github.com/wedsync/wedsync/connectors/s3"
)

// TestVersitygw runs the suite against a store that nobody here wrote.
func TestVersitygw(t *testing.T) {
	t.Parallel()
	for name, versioned := range map[string]bool{"Plain": false, "Versioned": true} {
		// Its pages hold 1000 files, which takes a while; once is enough.
		files := 0
		if !versioned {
			files = 1001
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := startVersitygw(t)
			var serial atomic.Int64
			connectortest.Run(t, harness(s3.WithLimits(6*mib, 0), files, func(t *testing.T) store {
				s := store{endpoint: "http://versitygw.test", bucket: fmt.Sprintf("bucket-%d", serial.Add(1)), client: client}
				createBucket(t, s, versioned)
				return s
			}))
		})
	}
}

// sdk is the SDK's own client for a store, to prepare and to look behind the
// connector's back.
func sdk(s store) *awss3.Client {
	return awss3.New(awss3.Options{
		Region: "us-east-1", BaseEndpoint: &s.endpoint, UsePathStyle: true, HTTPClient: s.config().HTTP,
		Credentials: credentials.NewStaticCredentialsProvider(accessKey, secretKey, ""),
	})
}

func createBucket(t *testing.T, s store, versioned bool) {
	t.Helper()
	client := sdk(s)
	if _, err := client.CreateBucket(t.Context(), &awss3.CreateBucketInput{Bucket: &s.bucket}); err != nil {
		t.Fatal(err)
	}
	if !versioned {
		return
	}
	_, err := client.PutBucketVersioning(t.Context(), &awss3.PutBucketVersioningInput{
		Bucket: &s.bucket, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// guard runs a server until its own input ends, which happens when the test
// binary exits, even by kill -9.
const guard = `"$@" </dev/null & cat >/dev/null; kill -KILL $! 2>/dev/null; wait $!`

// startVersitygw serves an empty store on a socket until the test ends, and
// returns the client that reaches it, whatever the address.
func startVersitygw(t *testing.T) *http.Client {
	t.Helper()
	program := findVersitygw(t)
	// Not t.TempDir: the path of a socket is limited to about 100 bytes.
	dir, err := os.MkdirTemp("/tmp", "wedsync-versitygw-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	data, versions, socket := filepath.Join(dir, "data"), filepath.Join(dir, "versions"), filepath.Join(dir, "socket")
	if err := errors.Join(os.Mkdir(data, 0o700), os.Mkdir(versions, 0o700)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/bin/sh", "-c", guard, "guard",
		program, "--quiet", "--keep-alive", "--port", socket, "posix", "--versioning-dir", versions, data)
	cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+accessKey, "ROOT_SECRET_KEY="+secretKey)
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = log, log
	input, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err := errors.Join(err, log.Close()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := input.Close(); err != nil {
			t.Error(err)
		}
		// The server was killed; how that reads does not matter.
		_ = cmd.Wait()
	})
	dialer := net.Dialer{Timeout: 5 * time.Second}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return dialer.DialContext(ctx, "unix", socket)
	}
	awaitServer(t, dial, log.Name())
	transport := &http.Transport{DialContext: dial, MaxIdleConnsPerHost: 16}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func awaitServer(t *testing.T, dial func(context.Context, string, string) (net.Conn, error), log string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	retry := time.NewTicker(20 * time.Millisecond)
	defer retry.Stop()
	for {
		c, err := dial(ctx, "", "")
		if err == nil {
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
			return
		}
		select {
		case <-ctx.Done():
			said, readErr := os.ReadFile(log)
			t.Fatalf("versitygw did not start: %v\n%s", errors.Join(err, readErr), said)
		case <-retry.C:
		}
	}
}

// findVersitygw looks in the bin folder of the module and on PATH.
func findVersitygw(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if program, err := exec.LookPath(filepath.Join(dir, "bin", "versitygw")); err == nil {
			return program
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	program, err := exec.LookPath("versitygw")
	if err != nil {
		t.Fatal("versitygw is not installed: run make tools")
	}
	return program
}
