package filesync

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/ent/connection"
	entsync "github.com/wedsync/wedsync/ent/filesync"
	"github.com/wedsync/wedsync/hub"
)

// Bounds of a definition.
const (
	maxTargets  = 20
	maxPath     = 1024
	maxPatterns = 100
	maxPattern  = 200
	// maxAlternatives bounds how many {a,b} groups a pattern has: matching tries
	// every combination.
	maxAlternatives = 3
)

// complete fills what was left out and puts paths into their one form.
func (in *Create) complete() {
	in.Mode = cmp.Or(in.Mode, entsync.DefaultMode)
	in.Verification = cmp.Or(in.Verification, entsync.DefaultVerification)
	in.ConflictStrategy = cmp.Or(in.ConflictStrategy, entsync.DefaultConflictStrategy)
	in.DeleteMode = cmp.Or(in.DeleteMode, entsync.DefaultDeleteMode)
	in.Priority = cmp.Or(in.Priority, entsync.DefaultPriority)
	in.SourcePath = strings.Trim(in.SourcePath, "/")
	in.Targets = append([]Target(nil), in.Targets...)
	for i := range in.Targets {
		in.Targets[i].Path = strings.Trim(in.Targets[i].Path, "/")
	}
}

// validate checks what can be checked without looking anything up.
func (in *Create) validate() error {
	name, err := hub.CheckName("name", in.Name)
	in.Name = name
	errs := []error{err, checkFolder("sourcePath", in.SourcePath),
		checkPatterns("include", in.Include), checkPatterns("exclude", in.Exclude),
		checkEnum("mode", in.Mode, entsync.ModeValidator),
		checkEnum("verification", in.Verification, entsync.VerificationValidator),
		checkEnum("conflictStrategy", in.ConflictStrategy, entsync.ConflictStrategyValidator),
		checkEnum("deleteMode", in.DeleteMode, entsync.DeleteModeValidator),
		checkEnum("priority", in.Priority, entsync.PriorityValidator),
	}
	if in.MaxDeletePercent < 0 || in.MaxDeletePercent > 100 {
		errs = append(errs, hub.Errorf(hub.CodeInvalid, "maxDeletePercent", "must be from 0 to 100"))
	}
	if len(in.Targets) == 0 || len(in.Targets) > maxTargets {
		errs = append(errs, hub.Errorf(hub.CodeInvalid, "targets", "there must be from 1 to %d", maxTargets))
	} else {
		errs = append(errs, in.checkTargets())
	}
	return errors.Join(errs...)
}

func checkEnum[T ~string](field string, v T, valid func(T) error) error {
	if valid(v) != nil {
		return hub.Errorf(hub.CodeInvalid, field, "%.40q is not one of the values", string(v))
	}
	return nil
}

// checkTargets refuses places that lie in each other: files would go round in
// circles.
func (in *Create) checkTargets() error {
	var errs []error
	for i, t := range in.Targets {
		errs = append(errs, checkFolder(targetField(i, "path"), t.Path))
		if t.ConnectionID == in.SourceID && overlap(t.Path, in.SourcePath) {
			errs = append(errs, hub.Errorf(hub.CodeInvalid, targetField(i, "path"), "the target and the source lie in the same folder or in each other"))
		}
		for j, other := range in.Targets[:i] {
			if t.ConnectionID == other.ConnectionID && overlap(t.Path, other.Path) {
				errs = append(errs, hub.Errorf(hub.CodeInvalid, targetField(i, "path"), "this and targets.%d lie in the same folder or in each other", j))
			}
		}
	}
	return errors.Join(errs...)
}

func targetField(i int, name string) string { return fmt.Sprintf("targets.%d.%s", i, name) }

// overlap compares without regard to case, since a store may not tell the two
// apart.
func overlap(a, b string) bool {
	fold := connectors.NameRules{FoldsCase: true, Normalization: connectors.NormalizationFolds}
	a, b = fold.Key(a), fold.Key(b)
	return a == "" || b == "" || a == b || strings.HasPrefix(a, b+"/") || strings.HasPrefix(b, a+"/")
}

func checkFolder(field, path string) error {
	if path == "" {
		return nil
	}
	if len(path) > maxPath {
		return hub.Errorf(hub.CodeInvalid, field, "must have at most %d bytes", maxPath)
	}
	if why := (connectors.NameRules{}).Check(path); why != "" {
		return hub.Errorf(hub.CodeInvalid, field, "%s", why)
	}
	if top, _, _ := strings.Cut(path, "/"); strings.EqualFold(top, connectors.HubFolder) {
		return hub.Errorf(hub.CodeInvalid, field, "%s is the hub's own folder", connectors.HubFolder)
	}
	return nil
}

func checkPatterns(field string, patterns []string) error {
	if len(patterns) > maxPatterns {
		return hub.Errorf(hub.CodeInvalid, field, "there can be at most %d patterns", maxPatterns)
	}
	var errs []error
	for i, p := range patterns {
		at := fmt.Sprintf("%s.%d", field, i)
		switch {
		case p == "" || len(p) > maxPattern:
			errs = append(errs, hub.Errorf(hub.CodeInvalid, at, "a pattern must have from 1 to %d bytes", maxPattern))
		case strings.Count(p, "{") > maxAlternatives:
			errs = append(errs, hub.Errorf(hub.CodeInvalid, at, "a pattern can have at most %d groups of alternatives", maxAlternatives))
		case !doublestar.ValidatePattern(p):
			errs = append(errs, hub.Errorf(hub.CodeInvalid, at, "%.80q is no pattern such as **/*.jpg", p))
		}
	}
	return errors.Join(errs...)
}

func checkWedding(ctx context.Context, tx *hub.Tx, id string) error {
	w, err := tx.Wedding.Get(ctx, id)
	if err != nil {
		return hub.Translate(err, "weddingId", id)
	}
	if w.ArchivedAt != nil {
		return hub.Errorf(hub.CodeConflict, "weddingId", "the wedding %q was put away", w.Name)
	}
	return nil
}

// place is a connection with the roles it has to play.
type place struct {
	field, connectionID string
	needs               []need
}

// need is a role and what it is needed for.
type need struct {
	role connectors.Role
	what string
}

// places lists the connections of the definition.
func (in *Create) places() []place {
	source := place{field: "sourceId", connectionID: in.SourceID, needs: []need{{connectors.RoleSource, "be a source"}}}
	if in.ConflictStrategy == entsync.ConflictStrategyTARGET_WINS {
		source.needs = append(source.needs, need{connectors.RoleSink, "take what targets win"})
	}
	out := []place{source}
	for i, t := range in.Targets {
		p := place{field: targetField(i, "connectionId"), connectionID: t.ConnectionID, needs: []need{
			{connectors.RoleSink, "be a target"},
			{connectors.RoleSource, "be a target, whose files have to be listed and read"},
		}}
		if in.DeleteMode != entsync.DeleteModeNONE {
			p.needs = append(p.needs, need{connectors.RoleDeleter, "delete files"})
		}
		out = append(out, p)
	}
	return out
}

// checkPlaces makes sure that the connections are the organization's own, in use
// and able to play their parts.
func (s *Service) checkPlaces(ctx context.Context, tx *hub.Tx, places []place) error {
	var errs []error
	for _, p := range places {
		c, err := tx.Connection.Get(ctx, p.connectionID)
		if err != nil {
			// In PostgreSQL nothing else can be asked after a fault.
			if err = hub.Translate(err, p.field, p.connectionID); !isMistake(err) {
				return err
			}
			errs = append(errs, err)
			continue
		}
		if c.State == connection.StateDISCONNECTED {
			errs = append(errs, hub.Errorf(hub.CodeConflict, p.field, "the connection %q was disconnected", c.Name))
			continue
		}
		errs = append(errs, s.checkRoles(p, c.Provider))
	}
	return errors.Join(errs...)
}

func isMistake(err error) bool {
	var mistake *hub.Error
	return errors.As(err, &mistake)
}

func (s *Service) checkRoles(p place, provider string) error {
	d, ok := s.connections.Provider(provider)
	if !ok {
		return hub.Errorf(hub.CodeUnsupported, p.field, "this hub does not know the provider %q any more", provider)
	}
	for _, n := range p.needs {
		for _, r := range d.Roles {
			if r.Role == n.role && !r.Supported {
				return hub.Errorf(hub.CodeUnsupported, p.field, "%s cannot %s: %s", d.Name, n.what, r.Reason)
			}
		}
	}
	return nil
}
