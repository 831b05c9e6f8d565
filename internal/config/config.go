package config

import (
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/caarlos0/env/v11"
)

// Config is everything an operator can choose. The zero value is not valid; Load
// fills in the defaults.
type Config struct {
	// Addr is where the HTTP server listens.
	Addr string `env:"WEDSYNC_ADDR" envDefault:"127.0.0.1:8080"`
	// PublicURL is how browsers and providers reach the hub, without a path.
	// Unset: Addr on this machine.
	PublicURL string `env:"WEDSYNC_PUBLIC_URL"`
	// DatabaseURL is a PostgreSQL URL. Unset: SQLite in DataDir.
	DatabaseURL Secret `env:"WEDSYNC_DATABASE_URL"`
	// DataDir holds what an embedded hub stores on this machine.
	DataDir string `env:"WEDSYNC_DATA_DIR"`
	// RedisURL is where the queue and the live bus run. Unset: in this process.
	RedisURL Secret `env:"WEDSYNC_REDIS_URL"`
	// MasterKey seals the credentials of connections: 32 bytes in base64. Unset:
	// made once and kept in DataDir, on SQLite only. Read it with Key.
	MasterKey Secret `env:"WEDSYNC_MASTER_KEY"`

	OIDC OIDC `envPrefix:"WEDSYNC_OIDC_"`

	// LocalAccess says whether connections may use folders of this machine and
	// addresses of private networks. Ask AllowsLocal.
	LocalAccess LocalAccess `env:"WEDSYNC_LOCAL_ACCESS" envDefault:"auto"`
	// LocalRoots are the folders that connections may use, with everything below
	// them; empty: any. Written like PATH.
	LocalRoots Paths `env:"WEDSYNC_LOCAL_ROOTS"`

	LogLevel  slog.Level `env:"WEDSYNC_LOG_LEVEL" envDefault:"info"`
	LogFormat LogFormat  `env:"WEDSYNC_LOG_FORMAT" envDefault:"text"`

	// OTLPEndpoint is where traces go; empty: nowhere. The exporter reads the
	// other standard OTEL_ variables itself.
	OTLPEndpoint string `env:"OTEL_EXPORTER_OTLP_ENDPOINT"`
}

// OIDC is the issuer that people sign in with. All fields are set or none is.
type OIDC struct {
	Issuer       string `env:"ISSUER"`
	ClientID     string `env:"CLIENT_ID"`
	ClientSecret Secret `env:"CLIENT_SECRET"`
}

// Enabled reports whether people sign in with an issuer.
func (o OIDC) Enabled() bool { return o.Issuer != "" }

// LocalAccess is whether connections may reach into this machine and its network.
type LocalAccess string

const (
	// LocalAuto allows it when the hub itself is reachable only from this machine.
	LocalAuto  LocalAccess = "auto"
	LocalAllow LocalAccess = "allow"
	LocalDeny  LocalAccess = "deny"
)

// LogFormat is how log lines are written.
type LogFormat string

const (
	LogText LogFormat = "text"
	LogJSON LogFormat = "json"
)

// Paths is a list of folders, written with the separator of the system's PATH.
type Paths []string

// UnmarshalText splits the list.
func (p *Paths) UnmarshalText(text []byte) error {
	*p = filepath.SplitList(string(text))
	return nil
}

// Load reads the configuration from the environment of the process and validates
// it.
func Load() (Config, error) { return FromEnvironment(env.ToMap(os.Environ())) }

// FromEnvironment is Load with the variables given.
func FromEnvironment(vars map[string]string) (Config, error) {
	c, err := env.ParseAsWithOptions[Config](env.Options{Environment: vars})
	if err != nil {
		return Config{}, fmt.Errorf("read the configuration: %w", err)
	}
	if c.DataDir == "" {
		if c.DataDir, err = defaultDataDir(vars); err != nil {
			return Config{}, err
		}
	}
	if c.PublicURL == "" {
		c.PublicURL = ownURL(c.Addr)
	}
	c.PublicURL = strings.TrimSuffix(c.PublicURL, "/")
	if err := c.Validate(); err != nil {
		return Config{}, err
	}
	return c, nil
}

// Embedded reports whether the hub keeps its state in SQLite on this machine.
func (c Config) Embedded() bool { return c.DatabaseURL == "" }

// SecureCookies reports whether browsers reach the hub over TLS, so that cookies
// may insist on it.
func (c Config) SecureCookies() bool { return strings.HasPrefix(c.PublicURL, "https://") }

// AllowsLocal reports whether connections may use folders of this machine and
// addresses of private networks. A hub that others can reach refuses by default:
// a tenant's connection could read the operator's own files and services.
func (c Config) AllowsLocal() bool {
	switch c.LocalAccess {
	case LocalAllow:
		return true
	case LocalAuto:
		host, _, err := net.SplitHostPort(c.Addr)
		u, uerr := url.Parse(c.PublicURL)
		return err == nil && uerr == nil && isLoopback(host) && isLoopback(u.Hostname())
	}
	return false
}

// ownURL is the address on this machine of a server that listens at addr.
func ownURL(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return ""
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// defaultDataDir is where the system keeps the data of a user's programs.
func defaultDataDir(vars map[string]string) (string, error) {
	if dir := vars["XDG_DATA_HOME"]; dir != "" {
		return filepath.Join(dir, "wedsync"), nil
	}
	switch runtime.GOOS {
	case "darwin", "windows":
		dir, err := os.UserConfigDir() // there, the folder for data as well
		if err != nil {
			return "", fmt.Errorf("set WEDSYNC_DATA_DIR: %w", err)
		}
		return filepath.Join(dir, "wedsync"), nil
	}
	home := vars["HOME"]
	if home == "" {
		return "", fmt.Errorf("set WEDSYNC_DATA_DIR: neither XDG_DATA_HOME nor HOME is set")
	}
	return filepath.Join(home, ".local", "share", "wedsync"), nil
}
