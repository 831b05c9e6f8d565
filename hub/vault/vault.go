package vault

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/tink"
)

const (
	// KeySize is the size of a master key in bytes.
	KeySize = 32
	// maxPlain bounds what may be sealed: credentials are small.
	maxPlain = 64 << 10

	keyIDSize = 4
)

// ErrSealed is why something does not open: it was changed, or sealed by another
// key or for another place. It says no more on purpose.
var ErrSealed = errors.New("the sealed secrets do not open here")

// associated encodes the place where sealed secrets belong, so that no two places
// have one encoding.
func associated(place ...string) []byte {
	var out []byte
	for _, s := range place {
		out = binary.BigEndian.AppendUint32(out, uint32(len(s)))
		out = append(out, s...)
	}
	return out
}

type keyID [keyIDSize]byte

// Vault seals and opens. It is safe for concurrent use.
type Vault struct {
	current     keyID
	keys        map[keyID]tink.AEAD
	fingerprint []byte
}

// New returns a vault that seals with the current master key, and opens what it or
// one of the former keys sealed.
func New(current []byte, former ...[]byte) (*Vault, error) {
	v := &Vault{keys: map[keyID]tink.AEAD{}}
	for i, master := range append([][]byte{current}, former...) {
		id, key, err := derive(master)
		if err != nil {
			return nil, err
		}
		v.keys[id] = key
		if i == 0 {
			v.current = id
		}
	}
	var err error
	v.fingerprint, err = hkdf.Key(sha256.New, current, nil, "wedsync vault fingerprint", KeySize)
	return v, err
}

// derive makes the sealing key of a master key and the id that tells it apart.
func derive(master []byte) (keyID, tink.AEAD, error) {
	if len(master) != KeySize {
		return keyID{}, nil, fmt.Errorf("a master key must have %d bytes, not %d", KeySize, len(master))
	}
	secret, err := hkdf.Key(sha256.New, master, nil, "wedsync vault seal", KeySize)
	if err != nil {
		return keyID{}, nil, fmt.Errorf("derive sealing key: %w", err)
	}
	name, err := hkdf.Key(sha256.New, master, nil, "wedsync vault key id", keyIDSize)
	if err != nil {
		return keyID{}, nil, fmt.Errorf("derive key id: %w", err)
	}
	key, err := subtle.NewXChaCha20Poly1305(secret)
	if err != nil {
		return keyID{}, nil, fmt.Errorf("make sealing key: %w", err)
	}
	return keyID(name), key, nil
}

// Seal encrypts secrets for one place: a field of a row (the owner) of an
// organization. The result begins with the id of the key.
func (v *Vault) Seal(secrets map[string]string, organizationID, ownerID, field string) ([]byte, error) {
	plain, err := json.Marshal(secrets)
	if err != nil {
		return nil, errors.New("encode secrets")
	}
	if len(plain) > maxPlain {
		return nil, fmt.Errorf("secrets must not exceed %d bytes", maxPlain)
	}
	sealed, err := v.keys[v.current].Encrypt(plain, associated(organizationID, ownerID, field))
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return append(v.current[:], sealed...), nil
}

// Open returns what Seal was given for the same place, or ErrSealed.
func (v *Vault) Open(sealed []byte, organizationID, ownerID, field string) (map[string]string, error) {
	if len(sealed) < keyIDSize {
		return nil, ErrSealed
	}
	key, ok := v.keys[keyID(sealed[:keyIDSize])]
	if !ok {
		return nil, ErrSealed
	}
	plain, err := key.Decrypt(sealed[keyIDSize:], associated(organizationID, ownerID, field))
	if err != nil {
		return nil, ErrSealed
	}
	var secrets map[string]string
	// The decoder's error could quote what it read.
	if json.Unmarshal(plain, &secrets) != nil {
		return nil, ErrSealed
	}
	return secrets, nil
}

// Fingerprint tells whether two inputs are the same without giving them away to
// whoever reads the database: a digest that needs the master key to compute.
func (v *Vault) Fingerprint(data []byte) []byte {
	mac := hmac.New(sha256.New, v.fingerprint)
	mac.Write(data)
	return mac.Sum(nil)
}
