package graph

import "github.com/wedsync/wedsync/graph/generated"

// The generated server asks the root for the resolver of each type that has
// fields which are no plain columns.

// AuditEntry resolves the fields of AuditEntry.
func (r *Resolver) AuditEntry() generated.AuditEntryResolver { return auditEntryResolver{r} }

// Conflict resolves the fields of Conflict.
func (r *Resolver) Conflict() generated.ConflictResolver { return conflictResolver{r} }

// Connection resolves the fields of Connection.
func (r *Resolver) Connection() generated.ConnectionResolver { return connectionResolver{r} }

// Event resolves the fields of Event.
func (r *Resolver) Event() generated.EventResolver { return eventResolver{r} }

// File resolves the fields of File.
func (r *Resolver) File() generated.FileResolver { return fileResolver{r} }

// FileChange resolves the fields of FileChange.
func (r *Resolver) FileChange() generated.FileChangeResolver { return fileChangeResolver{r} }

// FileVersion resolves the fields of FileVersion.
func (r *Resolver) FileVersion() generated.FileVersionResolver { return fileVersionResolver{r} }

// Member resolves the fields of Member.
func (r *Resolver) Member() generated.MemberResolver { return memberResolver{r} }

// Mutation resolves the fields of Mutation.
func (r *Resolver) Mutation() generated.MutationResolver { return mutationResolver{r} }

// Query resolves the fields of Query.
func (r *Resolver) Query() generated.QueryResolver { return queryResolver{r} }

// Replica resolves the fields of Replica.
func (r *Resolver) Replica() generated.ReplicaResolver { return replicaResolver{r} }

// Run resolves the fields of Run.
func (r *Resolver) Run() generated.RunResolver { return runResolver{r} }

// RunProgress resolves the fields of RunProgress.
func (r *Resolver) RunProgress() generated.RunProgressResolver { return runProgressResolver{r} }

// Subscription resolves the fields of Subscription.
func (r *Resolver) Subscription() generated.SubscriptionResolver { return subscriptionResolver{r} }

// Sync resolves the fields of Sync.
func (r *Resolver) Sync() generated.SyncResolver { return syncResolver{r} }

// SyncTarget resolves the fields of SyncTarget.
func (r *Resolver) SyncTarget() generated.SyncTargetResolver { return syncTargetResolver{r} }

// Token resolves the fields of Token.
func (r *Resolver) Token() generated.TokenResolver { return tokenResolver{r} }

// Transfer resolves the fields of Transfer.
func (r *Resolver) Transfer() generated.TransferResolver { return transferResolver{r} }

// Viewer resolves the fields of Viewer.
func (r *Resolver) Viewer() generated.ViewerResolver { return viewerResolver{r} }

// Wedding resolves the fields of Wedding.
func (r *Resolver) Wedding() generated.WeddingResolver { return weddingResolver{r} }

type (
	auditEntryResolver   struct{ *Resolver }
	conflictResolver     struct{ *Resolver }
	connectionResolver   struct{ *Resolver }
	eventResolver        struct{ *Resolver }
	fileResolver         struct{ *Resolver }
	fileChangeResolver   struct{ *Resolver }
	fileVersionResolver  struct{ *Resolver }
	memberResolver       struct{ *Resolver }
	mutationResolver     struct{ *Resolver }
	queryResolver        struct{ *Resolver }
	replicaResolver      struct{ *Resolver }
	runResolver          struct{ *Resolver }
	runProgressResolver  struct{ *Resolver }
	subscriptionResolver struct{ *Resolver }
	syncResolver         struct{ *Resolver }
	syncTargetResolver   struct{ *Resolver }
	tokenResolver        struct{ *Resolver }
	transferResolver     struct{ *Resolver }
	viewerResolver       struct{ *Resolver }
	weddingResolver      struct{ *Resolver }
)
