package s3

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/wedsync/wedsync/connectors"
)

const (
	maxCheckpoint = 16 << 10
	maxUploadID   = 2048
)

// checkpoint is what a session needs to be resumed. It holds no secret: an
// upload id is of no use without the credentials.
type checkpoint struct {
	UploadID string `json:"uploadId"`
	Key      string `json:"key"`
	Size     int64  `json:"size"`
	PartSize int64  `json:"partSize"`
	Session  string `json:"session"`
	// Parts is how many parts had arrived and been checked, and Digest is over
	// their ETags.
	Parts  int    `json:"parts"`
	Digest string `json:"digest"`
	// States are of the digests over the whole content.
	States map[connectors.HashAlgorithm][]byte `json:"states"`
	// Checksummed: see multipart.
	Checksummed bool `json:"checksummed"`
}

func (p checkpoint) encode() []byte {
	raw, err := json.Marshal(p)
	if err != nil {
		// Strings and numbers always marshal.
		return nil
	}
	return raw
}

// decodeCheckpoint accepts nothing that encode cannot have written.
func decodeCheckpoint(raw []byte) (checkpoint, error) {
	if len(raw) > maxCheckpoint {
		return checkpoint{}, errors.New("the checkpoint is too long")
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	var p checkpoint
	if err := d.Decode(&p); err != nil {
		return checkpoint{}, fmt.Errorf("the checkpoint cannot be read: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return checkpoint{}, errors.New("something follows the checkpoint")
	}
	if !p.plausible() {
		return checkpoint{}, errors.New("the checkpoint contradicts itself")
	}
	return p, nil
}

func (p checkpoint) plausible() bool {
	return p.UploadID != "" && len(p.UploadID) <= maxUploadID &&
		p.Key != "" && len(p.Key) <= maxKeyBytes && p.Session != "" &&
		p.Size > 0 && p.Size <= maxFileSize &&
		p.PartSize >= minPartSize && p.PartSize <= maxPartSize && p.count() <= maxParts &&
		p.Parts >= 0 && int64(p.Parts) <= p.count()
}

// count is how many parts the whole upload has.
func (p checkpoint) count() int64 { return (p.Size + p.PartSize - 1) / p.PartSize }

// complete: every part had arrived, so that the last request may have been sent.
func (p checkpoint) complete() bool { return int64(p.Parts) == p.count() }
