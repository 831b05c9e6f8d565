package rule

import "context"

// Role is what a member may do in an organization. Each includes the ones below.
type Role string

const (
	// RoleOwner may do everything, ownership included.
	RoleOwner Role = "OWNER"
	// RoleAdmin manages members, tokens and connections.
	RoleAdmin Role = "ADMIN"
	// RoleMember manages weddings, syncs, runs and conflicts.
	RoleMember Role = "MEMBER"
	// RoleViewer reads.
	RoleViewer Role = "VIEWER"
)

// Roles lists the roles from the strongest down.
func Roles() []Role { return []Role{RoleOwner, RoleAdmin, RoleMember, RoleViewer} }

// Includes reports whether a member with role r may do what needs role other.
func (r Role) Includes(other Role) bool { return r.rank() >= other.rank() && r.rank() > 0 }

func (r Role) rank() int {
	switch r {
	case RoleOwner:
		return 4
	case RoleAdmin:
		return 3
	case RoleMember:
		return 2
	case RoleViewer:
		return 1
	}
	return 0
}

// Viewer is who is asking.
type Viewer struct {
	OrganizationID string
	// UserID is empty for the hub's own work.
	UserID string
	// TokenID or SessionID tell by what the viewer signed in; both may be empty.
	TokenID   string
	SessionID string
	Role      Role
	// system marks the hub's own work; only System and SystemWithin set it.
	system bool
}

// IsSystem reports whether the hub itself is at work.
func (v Viewer) IsSystem() bool { return v.system }

// Actor is how audit entries and events name the viewer.
func (v Viewer) Actor() string {
	if v.system {
		return "system"
	}
	return v.UserID
}

type viewerKey struct{}

// With returns a context in which v is the viewer.
func With(ctx context.Context, v Viewer) context.Context {
	return context.WithValue(ctx, viewerKey{}, v)
}

// From returns the viewer of the context; ok is false if there is none.
func From(ctx context.Context) (v Viewer, ok bool) {
	v, ok = ctx.Value(viewerKey{}).(Viewer)
	return v, ok
}

// System returns a context for the hub's own work over all organizations: the
// queue, the reconciler, signing in. Everything else uses SystemWithin.
func System(ctx context.Context) context.Context {
	return With(ctx, Viewer{system: true})
}

// SystemWithin returns a context for the hub's own work inside one organization,
// whose rows are all it can reach.
func SystemWithin(ctx context.Context, organizationID string) context.Context {
	return With(ctx, Viewer{OrganizationID: organizationID, system: true})
}
