package s3

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/wedsync/wedsync/connectors"
)

const (
	settingBucket    = "bucket"
	settingRegion    = "region"
	settingEndpoint  = "endpoint"
	settingPrefix    = "prefix"
	settingPathStyle = "path_style"
	settingPartSize  = "part_size_mib"

	secretAccessKey    = "access_key_id"
	secretSecretKey    = "secret_access_key"
	secretSessionToken = "session_token"

	defaultRegion   = "us-east-1"
	defaultPartSize = "16"
)

func declaredSettings() []connectors.Setting {
	return []connectors.Setting{
		{Name: settingBucket, Label: "Bucket", Required: true,
			Help: "The bucket's name. It must exist already."},
		{Name: settingRegion, Label: "Region", Default: defaultRegion,
			Help: "The bucket's region. Most other vendors' stores accept us-east-1."},
		{Name: settingEndpoint, Label: "Endpoint",
			Help: "The store's address, such as https://s3.example.com. Leave empty for Amazon."},
		{Name: settingPrefix, Label: "Folder",
			Help: "A folder of the bucket to use as the root. Leave empty for the whole bucket."},
		{Name: settingPathStyle, Label: "Bucket in the path", Default: "auto", Choices: []string{"auto", "true", "false"},
			Help: "Whether the bucket's name goes into the path of the address or into its host. Auto: into the path, except for Amazon."},
		{Name: settingPartSize, Label: "Part size (MiB)", Default: defaultPartSize,
			Help: "The size of the parts in which large files are sent, 5 to 5120. It grows by itself for very large files."},
		{Name: secretAccessKey, Label: "Access key ID", Required: true, Secret: true,
			Help: "The access key's public half."},
		{Name: secretSecretKey, Label: "Secret access key", Required: true, Secret: true,
			Help: "The access key's secret half."},
		{Name: secretSessionToken, Label: "Session token", Secret: true,
			Help: "Only for temporary credentials."},
	}
}

// settings are checked values, ready for use.
type settings struct {
	bucket, region string
	// endpoint is the store's base address, or "" for Amazon's.
	endpoint  string
	root      string
	pathStyle bool
	partSize  int64

	accessKey, secretKey, sessionToken string
}

var (
	// The names that Amazon and the stores that imitate its early years allow.
	bucketName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]$`)
	regionName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,62}$`)
)

func parseSettings(cfg connectors.Config) (settings, error) {
	s := settings{
		bucket:       cfg.Settings[settingBucket],
		region:       orDefault(cfg.Settings[settingRegion], defaultRegion),
		accessKey:    cfg.Secrets[secretAccessKey],
		secretKey:    cfg.Secrets[secretSecretKey],
		sessionToken: cfg.Secrets[secretSessionToken],
	}
	switch {
	case s.bucket == "":
		return settings{}, invalid(settingBucket, "a bucket is needed")
	case !bucketName.MatchString(s.bucket):
		return settings{}, invalid(settingBucket, "that is no bucket name: 3 to 255 letters, digits, dots, hyphens and underscores")
	case !regionName.MatchString(s.region):
		return settings{}, invalid(settingRegion, "that is no region name")
	case !headerSafe(s.accessKey):
		return settings{}, invalid(secretAccessKey, "an access key ID is needed, without spaces")
	case !headerSafe(s.secretKey):
		return settings{}, invalid(secretSecretKey, "a secret access key is needed, without spaces")
	case s.sessionToken != "" && !headerSafe(s.sessionToken):
		return settings{}, invalid(secretSessionToken, "a session token holds no spaces")
	}
	var err error
	if s.endpoint, err = parseEndpoint(orDefault(cfg.BaseURL, cfg.Settings[settingEndpoint])); err != nil {
		return settings{}, err
	}
	if s.root, err = parsePrefix(cfg.Settings[settingPrefix]); err != nil {
		return settings{}, err
	}
	if s.pathStyle, err = parsePathStyle(cfg.Settings[settingPathStyle], s.endpoint); err != nil {
		return settings{}, err
	}
	if s.partSize, err = parsePartSize(cfg.Settings[settingPartSize]); err != nil {
		return settings{}, err
	}
	return s, nil
}

func parseEndpoint(raw string) (string, error) {
	if raw == "" {
		return "", nil
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return "", invalid(settingEndpoint, "that is no address")
	case u.Scheme != "http" && u.Scheme != "https":
		return "", invalid(settingEndpoint, "the address must begin with https:// or http://")
	case u.Hostname() == "":
		return "", invalid(settingEndpoint, "the address names no host")
	case u.User != nil:
		return "", invalid(settingEndpoint, "the address must not hold credentials")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "", invalid(settingEndpoint, "the address must not hold a query or fragment")
	}
	return strings.TrimRight(u.String(), "/"), nil
}

func parsePrefix(raw string) (string, error) {
	prefix := strings.Trim(raw, "/")
	if prefix == "" {
		return "", nil
	}
	// Half the key at most, so that there is room for the files.
	if why := (connectors.NameRules{MaxPathBytes: maxKeyBytes / 2}).Check(prefix); why != "" {
		return "", invalid(settingPrefix, why)
	}
	return prefix + "/", nil
}

func parsePathStyle(raw, endpoint string) (bool, error) {
	switch raw {
	case "", "auto":
		return endpoint != "", nil
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, invalid(settingPathStyle, "choose auto, true or false")
}

func parsePartSize(raw string) (int64, error) {
	n, err := strconv.ParseInt(orDefault(raw, defaultPartSize), 10, 32)
	if err != nil || n*mib < minPartSize || n*mib > maxPartSize {
		return 0, invalid(settingPartSize, fmt.Sprintf("give a number from %d to %d", minPartSize/mib, maxPartSize/mib))
	}
	return n * mib, nil
}

// amazon reports whether the store is Amazon's own.
func (s settings) amazon() bool {
	if s.endpoint == "" {
		return true
	}
	u, err := url.Parse(s.endpoint)
	if err != nil {
		return false
	}
	host := u.Hostname()
	return strings.HasSuffix(host, ".amazonaws.com") || strings.HasSuffix(host, ".amazonaws.com.cn")
}

// redactor removes the credentials from texts that the store sends.
func (s settings) redactor() *strings.Replacer {
	var pairs []string
	for _, secret := range []string{s.sessionToken, s.secretKey, s.accessKey} {
		if secret != "" {
			pairs = append(pairs, secret, "[redacted]")
		}
	}
	return strings.NewReplacer(pairs...)
}

// headerSafe reports whether a credential can travel in a header: printable
// ASCII without spaces.
func headerSafe(s string) bool {
	for _, c := range []byte(s) {
		if c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return s != "" && len(s) <= 16<<10
}

func invalid(field, why string) error {
	return &connectors.Error{Kind: connectors.Invalid, Op: "open", Field: field, Err: errors.New(why)}
}

func orDefault(v, fallback string) string {
	if v == "" {
		return fallback
	}
	return v
}
