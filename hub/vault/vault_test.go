package vault_test

import (
	"bytes"
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/wedsync/wedsync/hub/vault"
)

func master(fill byte) []byte { return bytes.Repeat([]byte{fill}, vault.KeySize) }

func open(t *testing.T, current []byte, former ...[]byte) *vault.Vault {
	t.Helper()
	v, err := vault.New(current, former...)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// place is where secrets belong: organization, owner and field.
type place [3]string

func (p place) seal(v *vault.Vault, secrets map[string]string) ([]byte, error) {
	return v.Seal(secrets, p[0], p[1], p[2])
}

func (p place) open(v *vault.Vault, sealed []byte) (map[string]string, error) {
	return v.Open(sealed, p[0], p[1], p[2])
}

var (
	home    = place{"org_1", "con_1", "secrets"}
	secrets = map[string]string{"secretAccessKey": "hunter2-hunter2"}
)

func seal(t *testing.T, v *vault.Vault) []byte {
	t.Helper()
	sealed, err := home.seal(v, secrets)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func TestSealedSecretsOpenWhereTheyBelong(t *testing.T) {
	t.Parallel()
	v := open(t, master(1))
	a, b := seal(t, v), seal(t, v)
	if bytes.Equal(a, b) {
		t.Error("sealing twice gives the same bytes")
	}
	if bytes.Contains(a, []byte("hunter2")) || bytes.Contains(a, []byte("secretAccessKey")) {
		t.Error("the sealed bytes show the secret")
	}
	got, err := home.open(v, a)
	if err != nil || !maps.Equal(got, secrets) {
		t.Errorf("opened %v, %v", got, err)
	}
}

func TestSealedSecretsOpenNowhereElse(t *testing.T) {
	t.Parallel()
	v := open(t, master(1))
	sealed := seal(t, v)
	for name, at := range map[string]place{
		"another organization":  {"org_2", "con_1", "secrets"},
		"another connection":    {"org_1", "con_2", "secrets"},
		"another field":         {"org_1", "con_1", "tokens"},
		"the same bytes, split": {"org_1c", "on_1", "secrets"},
	} {
		if got, err := at.open(v, sealed); !errors.Is(err, vault.ErrSealed) || got != nil {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestTamperingIsNoticed(t *testing.T) {
	t.Parallel()
	v := open(t, master(1))
	sealed := seal(t, v)
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		if _, err := home.open(v, changed); !errors.Is(err, vault.ErrSealed) {
			t.Fatalf("byte %d changed: %v", i, err)
		}
		if _, err := home.open(v, sealed[:i]); !errors.Is(err, vault.ErrSealed) {
			t.Fatalf("cut to %d bytes: %v", i, err)
		}
	}
}

func TestFormerKeysStillOpen(t *testing.T) {
	t.Parallel()
	sealed := seal(t, open(t, master(1)))
	if _, err := home.open(open(t, master(2)), sealed); !errors.Is(err, vault.ErrSealed) {
		t.Errorf("another key: %v", err)
	}
	rotated := open(t, master(2), master(1))
	if got, err := home.open(rotated, sealed); err != nil || !maps.Equal(got, secrets) {
		t.Errorf("after rotation: %v, %v", got, err)
	}
	if _, err := home.open(open(t, master(2)), seal(t, rotated)); err != nil {
		t.Errorf("a rotated vault seals with the former key: %v", err)
	}
}

func TestBoundsAndErrorsHoldNoSecret(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 16, 31, 33} {
		if _, err := vault.New(make([]byte, size)); err == nil {
			t.Errorf("a master key of %d bytes was taken", size)
		}
	}
	_, err := home.seal(open(t, master(1)), map[string]string{"key": strings.Repeat("hunter2", 20_000)})
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("too much to seal: %.100v", err)
	}
}

func TestFingerprintNeedsTheKey(t *testing.T) {
	t.Parallel()
	a, b := open(t, master(1)), open(t, master(2))
	input := []byte("input")
	if !bytes.Equal(a.Fingerprint(input), a.Fingerprint(input)) {
		t.Error("one input, two fingerprints")
	}
	if bytes.Equal(a.Fingerprint(input), b.Fingerprint(input)) || bytes.Equal(a.Fingerprint(input), a.Fingerprint([]byte("other"))) {
		t.Error("two inputs or keys, one fingerprint")
	}
}
