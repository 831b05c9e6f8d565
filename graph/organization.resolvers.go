package graph

import (
	"context"

	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/graph/generated"
	"github.com/wedsync/wedsync/graph/model"
	"github.com/wedsync/wedsync/hub"
	"github.com/wedsync/wedsync/hub/account"
)

func (r queryResolver) Viewer(ctx context.Context) (*rule.Viewer, error) {
	viewer, _ := rule.From(ctx)
	return &viewer, nil
}

func (r queryResolver) Organization(ctx context.Context) (*ent.Organization, error) {
	viewer, _ := rule.From(ctx)
	return load(ctx).organizations.Load(ctx, viewer.OrganizationID)
}

func (r queryResolver) Members(ctx context.Context, first int, after *string) (*model.MemberConnection, error) {
	return pageOfMembers(ctx, r.client.Membership.Query(), first, after)
}

func (r queryResolver) Tokens(ctx context.Context, first int, after *string) (*model.TokenConnection, error) {
	return pageOfTokens(ctx, r.client.Token.Query(), first, after)
}

func (r viewerResolver) User(ctx context.Context, v *rule.Viewer) (*ent.User, error) {
	return optional(ctx, load(ctx).users, v.UserID)
}

func (r viewerResolver) Organization(ctx context.Context, v *rule.Viewer) (*ent.Organization, error) {
	return load(ctx).organizations.Load(ctx, v.OrganizationID)
}

func (r memberResolver) User(ctx context.Context, m *ent.Membership) (*ent.User, error) {
	return load(ctx).users.Load(ctx, m.UserID)
}

func (r tokenResolver) User(ctx context.Context, t *ent.Token) (*ent.User, error) {
	return optional(ctx, load(ctx).users, t.UserID)
}

func (r mutationResolver) OrganizationUpdate(ctx context.Context, in generated.OrganizationUpdateInput) (*generated.OrganizationUpdatePayload, error) {
	o, mistakes, err := settle(r.hub.Accounts.RenameOrganization(ctx, in.Name))
	return &generated.OrganizationUpdatePayload{Organization: o, UserErrors: mistakes}, err
}

func (r mutationResolver) MemberAdd(ctx context.Context, in generated.MemberAddInput) (*generated.MemberAddPayload, error) {
	m, mistakes, err := settle(once(ctx, r.Resolver, "memberAdd", in.IdempotencyKey, in,
		func(ctx context.Context) (*ent.Membership, error) {
			return r.hub.Accounts.AddMember(ctx, account.MemberInput{Email: in.Email, Name: in.Name, Role: in.Role})
		},
		func(ctx context.Context, a hub.Answer) (*ent.Membership, error) {
			return found(load(ctx).members.Load(ctx, a.SubjectID))
		}))
	return &generated.MemberAddPayload{Member: m, UserErrors: mistakes}, err
}

func (r mutationResolver) MemberUpdate(ctx context.Context, in generated.MemberUpdateInput) (*generated.MemberUpdatePayload, error) {
	m, mistakes, err := settle(r.hub.Accounts.UpdateMember(ctx, in.ID, in.Role))
	return &generated.MemberUpdatePayload{Member: m, UserErrors: mistakes}, err
}

func (r mutationResolver) MemberRemove(ctx context.Context, in generated.MemberRemoveInput) (*generated.MemberRemovePayload, error) {
	removed, mistakes, err := settle(&in.ID, r.hub.Accounts.RemoveMember(ctx, in.ID))
	return &generated.MemberRemovePayload{RemovedID: removed, UserErrors: mistakes}, err
}

// newToken is a token with its secret, which is nil if it was shown before.
type newToken struct {
	token  *ent.Token
	secret *string
}

func (r mutationResolver) TokenCreate(ctx context.Context, in generated.TokenCreateInput) (*generated.TokenCreatePayload, error) {
	made, mistakes, err := settle(once(ctx, r.Resolver, "tokenCreate", in.IdempotencyKey, in,
		func(ctx context.Context) (newToken, error) {
			input := account.TokenInput{Name: in.Name, Role: in.Role}
			if in.ExpiresAt != nil {
				input.ExpiresAt = *in.ExpiresAt
			}
			t, secret, err := r.hub.Accounts.CreateToken(ctx, input)
			return newToken{t, &secret}, err
		},
		func(ctx context.Context, a hub.Answer) (newToken, error) {
			t, err := found(load(ctx).tokens.Load(ctx, a.SubjectID))
			return newToken{token: t}, err
		}))
	return &generated.TokenCreatePayload{Token: made.token, Secret: made.secret, UserErrors: mistakes}, err
}

func (r mutationResolver) TokenRevoke(ctx context.Context, in generated.TokenRevokeInput) (*generated.TokenRevokePayload, error) {
	t, mistakes, err := settle(r.hub.Accounts.RevokeToken(ctx, in.ID))
	return &generated.TokenRevokePayload{Token: t, UserErrors: mistakes}, err
}
