package relay

import (
	"context"
	"fmt"
	"slices"

	"entgo.io/ent/dialect/sql"

	"github.com/wedsync/wedsync/hub"
)

// Args are the arguments by which a list is paged.
type Args struct {
	First int
	After *string
}

// Order says by which unique column a list is ordered, and how an entry's place
// becomes a cursor and back.
type Order[N any] struct {
	Column     string
	Descending bool
	// Cursor is an entry's place.
	Cursor func(N) string
	// Key turns a cursor into the column's value. A cursor that is none is an
	// error.
	Key func(cursor string) (any, error)
}

// query is what every generated query has in common.
type query[Q, N any, P, O ~func(*sql.Selector)] interface {
	Clone() Q
	Where(...P) Q
	Order(...O) Q
	Limit(int) Q
	All(context.Context) ([]N, error)
	IDs(context.Context) ([]string, error)
}

// Paginate reads the page of q that args ask for. It reads one row more than it
// returns to know whether others follow, and counts nothing.
func Paginate[Q query[Q, N, P, O], N any, P, O ~func(*sql.Selector)](ctx context.Context, q Q, order Order[N], args Args) (*Page[N], error) {
	if args.First < 1 || args.First > MaxFirst {
		return nil, hub.Errorf(hub.CodeInvalid, "first", "must be from 1 to %d", MaxFirst)
	}
	page := &Page[N]{count: func(ctx context.Context) (int, error) {
		ids, err := q.Clone().Limit(MaxCount).IDs(ctx)
		if err != nil {
			return 0, fmt.Errorf("count: %w", err)
		}
		return len(ids), nil
	}}
	rows := q.Clone()
	if args.After != nil {
		key, err := order.Key(*args.After)
		if err != nil {
			return nil, hub.Errorf(hub.CodeInvalid, "after", "is not a cursor of this list")
		}
		rows.Where(order.after(key))
		page.PageInfo.HasPreviousPage = true
	}
	nodes, err := rows.Order(order.by).Limit(args.First + 1).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read page: %w", err)
	}
	page.fill(nodes, order, args.First)
	return page, nil
}

func (p *Page[N]) fill(nodes []N, order Order[N], first int) {
	if len(nodes) > first {
		p.PageInfo.HasNextPage = true
		nodes = slices.Delete(nodes, first, len(nodes))
	}
	p.Edges = make([]Edge[N], len(nodes))
	for i, n := range nodes {
		p.Edges[i] = Edge[N]{Cursor: order.Cursor(n), Node: n}
	}
	if len(p.Edges) > 0 {
		p.PageInfo.StartCursor = &p.Edges[0].Cursor
		p.PageInfo.EndCursor = &p.Edges[len(p.Edges)-1].Cursor
	}
}

func (o Order[N]) after(key any) func(*sql.Selector) {
	return func(s *sql.Selector) {
		if o.Descending {
			s.Where(sql.LT(s.C(o.Column), key))
		} else {
			s.Where(sql.GT(s.C(o.Column), key))
		}
	}
}

func (o Order[N]) by(s *sql.Selector) {
	if o.Descending {
		s.OrderBy(sql.Desc(s.C(o.Column)))
	} else {
		s.OrderBy(sql.Asc(s.C(o.Column)))
	}
}
