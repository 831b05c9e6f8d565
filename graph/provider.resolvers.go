package graph

import (
	"context"

	"github.com/wedsync/wedsync/connectors"
)

func (r queryResolver) Providers(context.Context) ([]*connectors.Descriptor, error) {
	all := r.hub.Connections.Providers()
	out := make([]*connectors.Descriptor, len(all))
	for i := range all {
		out[i] = &all[i]
	}
	return out, nil
}

func (r queryResolver) Provider(_ context.Context, id string) (*connectors.Descriptor, error) {
	d, ok := r.hub.Connections.Provider(id)
	if !ok {
		return nil, nil
	}
	return &d, nil
}
