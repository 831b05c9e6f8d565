package connection

import (
	"context"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/connection"
	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/hub"
)

// maxReason bounds, in bytes, why a connection cannot be used.
const maxReason = 1000

// Open returns the connection, ready to use. It is shared: closing it changes
// nothing. One that cannot be used is an Error that says why.
func (s *Service) Open(ctx context.Context, connectionID string) (connectors.Connection, error) {
	c, err := s.get(ctx, connectionID)
	if err != nil {
		return nil, err
	}
	switch c.State {
	case connection.StateDISCONNECTED:
		return nil, hub.Errorf(hub.CodeConflict, "", "the connection %q was disconnected; give it new settings first", c.Name)
	case connection.StateNEEDS_RECONNECT:
		return nil, hub.Errorf(hub.CodeConflict, "", "the connection %q needs new credentials: %s", c.Name, c.StateReason)
	}
	return s.pool.get(ctx, c, func(ctx context.Context) (*opened, error) { return s.open(ctx, c) })
}

// open opens a connection for the pool.
func (s *Service) open(ctx context.Context, c *ent.Connection) (*opened, error) {
	vendor, err := s.vendorOf(c)
	if err != nil {
		return nil, err
	}
	v, err := s.stored(c)
	if err != nil {
		return nil, fmt.Errorf("secrets of connection %s: %w", c.ID, err)
	}
	conn, err := vendor.Open(ctx, s.config(v, vendor.Descriptor(), c.BaseURL))
	if connectors.Is(err, connectors.AuthRevoked) {
		return nil, errors.Join(explain(ctx, vendor.Descriptor(), err), s.needsReconnect(ctx, c, err))
	}
	if err != nil {
		return nil, explain(ctx, vendor.Descriptor(), err)
	}
	return newOpened(s.options.Wrap(conn, c), c, s.options.Clock, func(ctx context.Context, cause error) error {
		return s.needsReconnect(ctx, c, cause)
	}), nil
}

// needsReconnect notes that the provider no longer accepts the connection's
// credentials. That is news about the connection, not a part of the work that
// found out, so it commits even if that work is given up.
func (s *Service) needsReconnect(ctx context.Context, c *ent.Connection, cause error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tryFor)
	defer cancel()
	why := cut(words(cause), maxReason)
	s.pool.retire(c.ID)
	return s.store.InTx(rule.SystemWithin(ctx, c.OrganizationID), func(ctx context.Context, tx *hub.Tx) error {
		n, err := tx.Connection.Update().
			Where(connection.ID(c.ID), connection.UpdatedAt(c.UpdatedAt), connection.StateEQ(connection.StateACTIVE)).
			SetState(connection.StateNEEDS_RECONNECT).SetStateReason(why).Save(ctx)
		if err != nil {
			return fmt.Errorf("note that connection %s needs new credentials: %w", c.ID, err)
		}
		if n > 0 {
			tx.Emit(hub.Event{Type: "connection.needs_reconnect", SubjectID: c.ID, Data: map[string]any{
				"provider": c.Provider, "name": c.Name, "reason": why,
			}})
		}
		return nil
	})
}

// cut shortens text to at most n bytes, at the end of a character.
func cut(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}
