package graph

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/ent"
	entconnection "github.com/wedsync/wedsync/ent/connection"
	"github.com/wedsync/wedsync/graph/generated"
	"github.com/wedsync/wedsync/graph/model"
	"github.com/wedsync/wedsync/hub"
	"github.com/wedsync/wedsync/hub/connection"
)

func (r queryResolver) Connections(ctx context.Context, first int, after, provider *string, state *entconnection.State) (*model.ConnectionConnection, error) {
	q := r.client.Connection.Query()
	if provider != nil {
		q.Where(entconnection.Provider(*provider))
	}
	if state != nil {
		q.Where(entconnection.StateEQ(*state))
	}
	return pageOfConnections(ctx, q, first, after)
}

func (r queryResolver) Connection(ctx context.Context, id string) (*ent.Connection, error) {
	return optional(ctx, load(ctx).connections, id)
}

func (r connectionResolver) Provider(_ context.Context, c *ent.Connection) (*connectors.Descriptor, error) {
	d, ok := r.hub.Connections.Provider(c.Provider)
	if !ok {
		return nil, fmt.Errorf("connection %s is of provider %q, which this hub does not know", c.ID, c.Provider)
	}
	return &d, nil
}

func (r mutationResolver) ConnectionCreate(ctx context.Context, in generated.ConnectionCreateInput) (*generated.ConnectionCreatePayload, error) {
	c, mistakes, err := settle(once(ctx, r.Resolver, "connectionCreate", in.IdempotencyKey, in,
		func(ctx context.Context) (*ent.Connection, error) {
			return r.hub.Connections.Create(ctx, connection.Create{
				Provider: in.Provider, Name: in.Name, Settings: in.Settings, Secrets: in.Secrets,
			})
		},
		func(ctx context.Context, a hub.Answer) (*ent.Connection, error) {
			return found(load(ctx).connections.Load(ctx, a.SubjectID))
		}))
	return &generated.ConnectionCreatePayload{Connection: c, UserErrors: mistakes}, err
}

func (r mutationResolver) ConnectionTest(ctx context.Context, in generated.ConnectionTestInput) (*generated.ConnectionTestPayload, error) {
	tested, mistakes, err := settle(once(ctx, r.Resolver, "connectionTest", in.IdempotencyKey, in,
		func(ctx context.Context) (connection.Tested, error) { return r.hub.Connections.Test(ctx, in.ID) },
		func(ctx context.Context, a hub.Answer) (t connection.Tested, err error) {
			if err := json.Unmarshal(a.Data, &t); err != nil {
				return t, fmt.Errorf("decode the result of a test: %w", err)
			}
			t.Connection, err = found(load(ctx).connections.Load(ctx, a.SubjectID))
			return t, err
		}))
	out := &generated.ConnectionTestPayload{Connection: tested.Connection, UserErrors: mistakes}
	if tested.Connection != nil {
		out.Ok = &tested.OK
	}
	for i := range tested.Steps {
		out.Steps = append(out.Steps, &tested.Steps[i])
	}
	return out, err
}

func (r mutationResolver) ConnectionUpdate(ctx context.Context, in generated.ConnectionUpdateInput) (*generated.ConnectionUpdatePayload, error) {
	c, mistakes, err := settle(r.hub.Connections.Update(ctx, connection.Update{
		ID: in.ID, Name: in.Name, Settings: in.Settings, Secrets: in.Secrets,
	}))
	return &generated.ConnectionUpdatePayload{Connection: c, UserErrors: mistakes}, err
}

func (r mutationResolver) ConnectionDisconnect(ctx context.Context, in generated.ConnectionDisconnectInput) (*generated.ConnectionDisconnectPayload, error) {
	c, mistakes, err := settle(r.hub.Connections.Disconnect(ctx, in.ID))
	return &generated.ConnectionDisconnectPayload{Connection: c, UserErrors: mistakes}, err
}
