package auth

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// signInLifetime is how long somebody may take at the issuer.
const signInLifetime = 10 * time.Minute

// attempt is one sign-in on its way to the issuer and back. The browser carries it
// in a sealed cookie, which binds the issuer's answer to the browser that asked.
type attempt struct {
	State    string    `json:"state"`
	Nonce    string    `json:"nonce"`
	Verifier string    `json:"verifier"`
	Next     string    `json:"next"`
	Expires  time.Time `json:"expires"`
}

// sealer encrypts attempts with a key of their own.
type sealer struct {
	aead cipher.AEAD
}

func newSealer(masterKey []byte) (sealer, error) {
	key, err := hkdf.Key(sha256.New, masterKey, nil, "wedsync sign-in cookie", 32)
	if err != nil {
		return sealer{}, fmt.Errorf("derive cookie key: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return sealer{}, fmt.Errorf("derive cookie key: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return sealer{}, fmt.Errorf("derive cookie key: %w", err)
	}
	return sealer{aead}, nil
}

func newAttempt(verifier, next string) attempt {
	return attempt{
		State: rand.Text(), Nonce: rand.Text(), Verifier: verifier, Next: next,
		Expires: time.Now().Add(signInLifetime),
	}
}

func (s sealer) seal(a attempt) (string, error) {
	text, err := json.Marshal(a)
	if err != nil {
		return "", fmt.Errorf("encode sign-in: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(s.aead.Seal(nil, nil, text, nil)), nil
}

var errAttempt = errors.New("this sign-in was not started here, or too long ago")

func (s sealer) open(sealed string) (attempt, error) {
	raw, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil {
		return attempt{}, errAttempt
	}
	text, err := s.aead.Open(nil, nil, raw, nil)
	if err != nil {
		return attempt{}, errAttempt
	}
	var a attempt
	if err := json.Unmarshal(text, &a); err != nil || time.Now().After(a.Expires) {
		return attempt{}, errAttempt
	}
	return a, nil
}
