package config

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const (
	keySize = 32
	keyFile = "master.key"
)

var errKeyFormat = fmt.Errorf("must be %d bytes in base64; make one with: openssl rand -base64 %d", keySize, keySize)

func (c Config) validateKey() error {
	if c.MasterKey == "" {
		if c.Embedded() {
			return nil
		}
		return fmt.Errorf("WEDSYNC_MASTER_KEY must be set with WEDSYNC_DATABASE_URL, the same for every process; make one with: openssl rand -base64 %d", keySize)
	}
	if _, err := decodeKey(c.MasterKey.Reveal()); err != nil {
		return fmt.Errorf("WEDSYNC_MASTER_KEY %w", err)
	}
	return nil
}

// Key returns the master key. Without WEDSYNC_MASTER_KEY an embedded hub makes
// one in its data folder, once: whoever loses that file loses the credentials of
// all connections, so it is part of every backup.
func (c Config) Key() ([]byte, error) {
	if c.MasterKey != "" {
		key, err := decodeKey(c.MasterKey.Reveal())
		if err != nil {
			return nil, fmt.Errorf("WEDSYNC_MASTER_KEY %w", err)
		}
		return key, nil
	}
	if err := c.validateKey(); err != nil {
		return nil, err
	}
	path := filepath.Join(c.DataDir, keyFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		text, err = createKey(path)
	}
	if err != nil {
		return nil, fmt.Errorf("master key: %w", err)
	}
	key, err := decodeKey(string(text))
	if err != nil {
		return nil, fmt.Errorf("master key in %s: %w", path, err)
	}
	return key, nil
}

// createKey writes a fresh key unless another process was faster, and returns
// what the file holds then. The file appears whole or not at all.
func createKey(path string) ([]byte, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	key := make([]byte, keySize)
	rand.Read(key) // never fails: the runtime ends the program instead
	tmp, err := os.CreateTemp(filepath.Dir(path), keyFile+".*")
	if err != nil {
		return nil, err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.WriteString(base64.StdEncoding.EncodeToString(key) + "\n")
	if err := errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return nil, err
	}
	if err := os.Link(tmp.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return os.ReadFile(path)
}

func decodeKey(text string) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil || len(key) != keySize {
		return nil, errKeyFormat
	}
	return key, nil
}
