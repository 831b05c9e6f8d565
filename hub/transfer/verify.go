package transfer

import (
	"context"
	"errors"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/ent/filesync"
	"github.com/wedsync/wedsync/ent/transfer"
)

// proof is how far a content was verified.
type proof = transfer.Verified

// verify proves that what the store has at path is the content with the digests.
// A difference is Corrupt.
func verify(ctx context.Context, mode filesync.Verification, s *store, path string, o connectors.Object, size int64, sums connectors.Hashes) (proof, error) {
	s.learn(o)
	if o.Size != size {
		return "", s.blame(corrupt(path, "the store holds another number of bytes than were sent"))
	}
	switch mode {
	case filesync.VerificationNONE:
		return transfer.VerifiedNONE, nil
	case filesync.VerificationSIZE:
		return transfer.VerifiedSIZE, nil
	case filesync.VerificationHASH:
		switch equal, known := sums.Match(o.Hashes); {
		case equal:
			return transfer.VerifiedHASH, nil
		case known:
			return "", s.blame(corrupt(path, "the store reports another hash than that of what was sent"))
		}
	}
	read, err := s.hash(ctx, path, o.Revision, connectors.SHA256)
	if err != nil {
		return "", err
	}
	if read[connectors.SHA256] != sums[connectors.SHA256] {
		return "", s.blame(corrupt(path, "what the store gives back is not what was sent"))
	}
	return transfer.VerifiedFULL, nil
}

func corrupt(path, why string) error {
	return &connectors.Error{Kind: connectors.Corrupt, Op: "verify", Path: path, Err: errors.New(why)}
}

// strong leaves out what is no proof that two contents of unknown origin are one.
func strong(h connectors.Hashes) connectors.Hashes {
	if _, ok := h[connectors.CRC32C]; !ok {
		return h
	}
	out := make(connectors.Hashes, len(h))
	for a, digest := range h {
		if a != connectors.CRC32C {
			out[a] = digest
		}
	}
	return out
}

// holds reports whether the object is the content with the digests, by reading it
// where the store does not report a hash.
func holds(ctx context.Context, s *store, o connectors.Object, size int64, sums connectors.Hashes) (proof, bool, error) {
	if o.Size != size {
		return "", false, nil
	}
	if equal, known := strong(sums).Match(strong(o.Hashes)); known {
		return transfer.VerifiedHASH, equal, nil
	}
	read, err := s.hash(ctx, o.Path, o.Revision, connectors.SHA256)
	if err != nil {
		return "", false, err
	}
	return transfer.VerifiedFULL, read[connectors.SHA256] == sums[connectors.SHA256], nil
}

// alike reports whether two objects have the same content.
func alike(ctx context.Context, as *store, a connectors.Object, bs *store, b connectors.Object) (bool, error) {
	if a.Size != b.Size {
		return false, nil
	}
	if equal, known := strong(a.Hashes).Match(strong(b.Hashes)); known {
		return equal, nil
	}
	sums, err := as.hash(ctx, a.Path, a.Revision, append(strong(b.Hashes).Algorithms(), connectors.SHA256)...)
	if err != nil {
		return false, err
	}
	_, same, err := holds(ctx, bs, b, a.Size, sums)
	return same, err
}
