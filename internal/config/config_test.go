package config_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/wedsync/wedsync/internal/config"
)

func load(t *testing.T, vars map[string]string) config.Config {
	t.Helper()
	c, err := config.FromEnvironment(withHome(t, vars))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func withHome(t *testing.T, vars map[string]string) map[string]string {
	all := map[string]string{"HOME": t.TempDir()}
	for k, v := range vars {
		all[k] = v
	}
	return all
}

func TestDefaultsAreAnEmbeddedHubOnThisMachine(t *testing.T) {
	t.Parallel()
	c := load(t, nil)
	if c.Addr != "127.0.0.1:8080" || c.PublicURL != "http://127.0.0.1:8080" {
		t.Errorf("address %q, public %q", c.Addr, c.PublicURL)
	}
	if !c.Embedded() || c.SecureCookies() || !c.AllowsLocal() || c.OIDC.Enabled() {
		t.Errorf("unexpected defaults: %+v", c)
	}
	if filepath.Base(c.DataDir) != "wedsync" {
		t.Errorf("data folder %q", c.DataDir)
	}
	if c.LogLevel != slog.LevelInfo || c.LogFormat != config.LogText {
		t.Errorf("logs %v %v", c.LogLevel, c.LogFormat)
	}
}

var validKey = base64.StdEncoding.EncodeToString(make([]byte, 32))

func TestWrongSettingsAreRefusedByName(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, value string }{
		{"WEDSYNC_ADDR", "8080"},
		{"WEDSYNC_PUBLIC_URL", "hub.example.com"},
		{"WEDSYNC_PUBLIC_URL", "http://hub.example.com"},
		{"WEDSYNC_PUBLIC_URL", "https://hub.example.com/hub"},
		{"WEDSYNC_PUBLIC_URL", "https://me:secret@hub.example.com"},
		{"WEDSYNC_DATABASE_URL", "mysql://u:secret@h/d"},
		{"WEDSYNC_DATABASE_URL", "postgres://u:secret@h:port/d"},
		{"WEDSYNC_REDIS_URL", "http://:secret@h"},
		{"WEDSYNC_MASTER_KEY", "secret"},
		{"WEDSYNC_MASTER_KEY", base64.StdEncoding.EncodeToString(make([]byte, 31))},
		{"WEDSYNC_OIDC_CLIENT_SECRET", "secret"},
		{"WEDSYNC_LOCAL_ACCESS", "maybe"},
		{"WEDSYNC_LOCAL_ROOTS", "photos"},
		{"WEDSYNC_LOG_FORMAT", "xml"},
	} {
		t.Run(tt.name+"="+tt.value, func(t *testing.T) {
			t.Parallel()
			_, err := config.FromEnvironment(withHome(t, map[string]string{tt.name: tt.value}))
			if err == nil {
				t.Fatal("accepted")
			}
			if !strings.Contains(err.Error(), tt.name) {
				t.Errorf("the error does not name the variable: %v", err)
			}
			if strings.Contains(err.Error(), "secret@") || strings.Contains(err.Error(), `"secret"`) {
				t.Errorf("the error repeats a secret: %v", err)
			}
		})
	}
}

func TestLocalAccess(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		addr, public, access string
		want                 bool
	}{
		{"127.0.0.1:1", "", "", true},
		{"localhost:1", "", "", true},
		{"[::1]:1", "", "", true},
		{":8080", "", "", false},
		{"0.0.0.0:8080", "", "", false},
		{"127.0.0.1:1", "https://hub.example.com", "", false},
		{"127.0.0.1:1", "", "deny", false},
		{":8080", "https://hub.example.com", "allow", true},
	} {
		c := load(t, map[string]string{"WEDSYNC_ADDR": tt.addr, "WEDSYNC_PUBLIC_URL": tt.public, "WEDSYNC_LOCAL_ACCESS": tt.access})
		if got := c.AllowsLocal(); got != tt.want {
			t.Errorf("%+v: %v", tt, got)
		}
	}
}

func TestPostgresNeedsAKeyAndSaysHowToMakeOne(t *testing.T) {
	t.Parallel()
	vars := withHome(t, map[string]string{"WEDSYNC_DATABASE_URL": "postgres://h/d"})
	_, err := config.FromEnvironment(vars)
	if err == nil || !strings.Contains(err.Error(), "openssl rand") {
		t.Fatalf("got %v", err)
	}
	vars["WEDSYNC_MASTER_KEY"] = validKey
	c, err := config.FromEnvironment(vars)
	if err != nil {
		t.Fatal(err)
	}
	if key, err := c.Key(); err != nil || len(key) != 32 {
		t.Fatalf("%d bytes, %v", len(key), err)
	}
}

func TestProcessesStartedTogetherMakeOneKey(t *testing.T) {
	t.Parallel()
	c := load(t, map[string]string{"WEDSYNC_DATA_DIR": filepath.Join(t.TempDir(), "new")})
	keys := make([][]byte, 16)
	var wg sync.WaitGroup
	for i := range keys {
		wg.Go(func() {
			key, err := c.Key()
			if err != nil {
				t.Error(err)
			}
			keys[i] = key
		})
	}
	wg.Wait()
	for _, k := range keys {
		if len(k) != 32 || !bytes.Equal(k, keys[0]) {
			t.Fatalf("different keys: %x, %x", k, keys[0])
		}
	}
	entries, err := os.ReadDir(c.DataDir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 {
		t.Fatalf("left behind: %v", entries)
	}
	if info, err := entries[0].Info(); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("key file: %v, %v", info.Mode(), err)
	}
}

func TestADamagedKeyFileIsNotReplaced(t *testing.T) {
	t.Parallel()
	c := load(t, map[string]string{"WEDSYNC_DATA_DIR": t.TempDir()})
	path := filepath.Join(c.DataDir, "master.key")
	if err := os.WriteFile(path, []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Key(); err == nil || strings.Contains(err.Error(), "damaged") {
		t.Fatalf("got %v", err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "damaged" {
		t.Fatalf("%q, %v", text, err)
	}
}

func TestSecretsAreNeverPrinted(t *testing.T) {
	t.Parallel()
	c := load(t, map[string]string{"WEDSYNC_REDIS_URL": "redis://:hunter2@h", "WEDSYNC_MASTER_KEY": validKey})
	var logged bytes.Buffer
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("x", "config", c, "redis", c.RedisURL)
	encoded, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{logged.String(), string(encoded), fmt.Sprint(c), fmt.Sprintf("%+v %#v %s %q", c, c, c.RedisURL, c.RedisURL)} {
		if strings.Contains(text, "hunter2") || strings.Contains(text, validKey) {
			t.Errorf("printed: %s", text)
		}
	}
}
