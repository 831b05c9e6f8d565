package relay

import "context"

const (
	// MaxFirst is the most entries a page holds.
	MaxFirst = 100
	// MaxCount is how far TotalCount counts.
	MaxCount = 10_000
)

// PageInfo says where a page stands in its list.
type PageInfo struct {
	HasNextPage     bool
	HasPreviousPage bool
	StartCursor     *string
	EndCursor       *string
}

// Edge is one entry of a page.
type Edge[N any] struct {
	Cursor string
	Node   N
}

// Page is one part of a list.
type Page[N any] struct {
	Edges    []Edge[N]
	PageInfo PageInfo
	count    func(context.Context) (int, error)
}

// Nodes are the entries without their cursors.
func (p *Page[N]) Nodes() []N {
	nodes := make([]N, len(p.Edges))
	for i, e := range p.Edges {
		nodes[i] = e.Node
	}
	return nodes
}

// TotalCount counts the whole list, MaxCount entries at most. It asks the
// database only when it is called.
func (p *Page[N]) TotalCount(ctx context.Context) (int, error) { return p.count(ctx) }
