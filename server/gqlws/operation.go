package gqlws

import (
	"context"
	"runtime/debug"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/wedsync/wedsync/server/gqlexec"
)

// codeTooMany refuses an operation on a connection that has enough of them.
const codeTooMany = "TOO_MANY_OPERATIONS"

// operation is a query, mutation or subscription that runs.
type operation struct {
	cancel context.CancelFunc
}

// subscribe starts an operation.
func (c *conn) subscribe(m incoming) {
	ctx, cancel := context.WithCancel(c.session)
	op := &operation{cancel}
	c.mu.Lock()
	_, taken := c.operations[m.id]
	enough := !taken && !c.slots.TryAcquire(1)
	if !taken && !enough {
		c.operations[m.id] = op
	}
	c.mu.Unlock()
	switch {
	case taken:
		cancel()
		c.close(closeDuplicate, "Subscriber for this id already exists")
	case enough:
		cancel()
		refusal := gqlexec.Refusal(codeTooMany, "too many operations on this connection")
		c.send(outgoing{ID: m.id, Type: typeError, Payload: refusal.Errors})
	default:
		c.h.operations.Add(1)
		c.tasks.Go(func() {
			defer c.h.operations.Add(-1)
			defer c.slots.Release(1)
			defer cancel()
			c.run(ctx, m, op)
		})
	}
}

// complete ends an operation at the client's wish. One that is over already is no
// mistake: the two messages crossed.
func (c *conn) complete(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if op, ok := c.operations[id]; ok {
		op.cancel()
		delete(c.operations, id)
	}
}

// run executes the operation and sends its results.
func (c *conn) run(ctx context.Context, m incoming, op *operation) {
	defer func() {
		if p := recover(); p != nil {
			c.h.Log.ErrorContext(ctx, "websocket operation panicked", "panic", p, "stack", string(debug.Stack()))
			c.refuse(m.id, op, gqlexec.Refusal(gqlexec.CodeInternal, "something failed inside the hub"))
		}
	}()
	m.params.Headers = c.request.Header
	now := graphql.Now()
	m.params.ReadTime = graphql.TraceTiming{Start: now, End: now}
	ctx = graphql.StartOperationTrace(ctx)
	prepared, errs := c.h.Exec.CreateOperationContext(ctx, m.params)
	if errs != nil {
		refused := c.h.Exec.DispatchError(graphql.WithOperationContext(ctx, prepared), errs)
		c.refuse(m.id, op, gqlexec.PayloadOf(refused))
		return
	}
	streams := prepared.Operation.Operation == ast.Subscription
	if !streams {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.h.OperationTimeout)
		defer cancel()
	}
	responses, ctx := c.h.Exec.DispatchOperation(ctx, prepared)
	for ctx.Err() == nil {
		response := responses(ctx)
		if response == nil {
			break
		}
		payload := gqlexec.PayloadOf(response)
		if payload.Refused() {
			c.refuse(m.id, op, payload)
			return
		}
		if !c.owns(m.id, op) || !c.send(outgoing{ID: m.id, Type: typeNext, Payload: payload}) {
			return
		}
		if !streams {
			break
		}
	}
	if c.release(m.id, op) {
		c.send(outgoing{ID: m.id, Type: typeComplete})
	}
}

// refuse ends an operation that could not run, or not go on.
func (c *conn) refuse(id string, op *operation, payload gqlexec.Payload) {
	if c.release(id, op) {
		c.send(outgoing{ID: id, Type: typeError, Payload: payload.Errors})
	}
}

// owns reports whether the id still means this operation: the client may have
// completed it, and given the id to another.
func (c *conn) owns(id string, op *operation) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.operations[id] == op
}

// release frees the id and reports whether it still meant this operation. The
// last message is the caller's to send, after which the client may use the id
// again.
func (c *conn) release(id string, op *operation) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.operations[id] != op {
		return false
	}
	delete(c.operations, id)
	return true
}
