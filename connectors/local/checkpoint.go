package local

import (
	"bytes"
	"encoding/json"
	"errors"
)

// maxCheckpoint bounds what Resume reads; the longest path fits.
const maxCheckpoint = 64 << 10

// checkpoint is what Resume needs. It comes back from storage that others write
// to, and is trusted with nothing: the name is one of ours or refused.
type checkpoint struct {
	Temp   string `json:"temp"`
	Path   string `json:"path"`
	Size   int64  `json:"size"`
	Offset int64  `json:"offset"`
	// Checksum is the CRC-32C of the first Offset bytes.
	Checksum string `json:"crc32c"`
}

func (c checkpoint) format() []byte {
	// Marshalling strings and numbers cannot fail.
	data, _ := json.Marshal(c)
	return data
}

func parseCheckpoint(data []byte) (checkpoint, error) {
	var c checkpoint
	if len(data) > maxCheckpoint {
		return c, errors.New("the checkpoint is too long")
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return checkpoint{}, err
	}
	if !tempName(c.Temp) || c.Path == "" || c.Offset < 0 || c.Size < c.Offset || c.Checksum == "" {
		return checkpoint{}, errors.New("the checkpoint is incomplete")
	}
	return c, nil
}
