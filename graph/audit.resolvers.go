package graph

import (
	"context"

	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/auditentry"
	"github.com/wedsync/wedsync/graph/model"
)

func (r queryResolver) AuditEntries(ctx context.Context, first int, after, subjectID *string) (*model.AuditEntryConnection, error) {
	q := r.client.AuditEntry.Query()
	if subjectID != nil {
		q.Where(auditentry.SubjectID(*subjectID))
	}
	return pageOfAudits(ctx, q, first, after)
}

func (r auditEntryResolver) Actor(ctx context.Context, a *ent.AuditEntry) (*ent.User, error) {
	return optional(ctx, load(ctx).users, a.Actor)
}
