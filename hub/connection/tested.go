package connection

import (
	"context"
	"fmt"
	"time"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/connection"
	"github.com/wedsync/wedsync/hub"
)

// testFor bounds a whole test.
const testFor = time.Minute

// Tested is what a test came to.
type Tested struct {
	Connection *ent.Connection `json:"-"`
	OK         bool            `json:"ok"`
	Steps      []Step          `json:"steps"`
}

// Test tries what syncs need of the connection with a small file of the hub's own,
// or, where nothing can be written, by reading. A step that fails is a result, no
// error. A test that passes makes a connection ACTIVE that needed new credentials.
func (s *Service) Test(ctx context.Context, connectionID string) (Tested, error) {
	if err := requireAdmin(ctx); err != nil {
		return Tested{}, err
	}
	c, err := s.get(ctx, connectionID)
	if err != nil {
		return Tested{}, err
	}
	if c.State == connection.StateDISCONNECTED {
		return Tested{}, hub.Errorf(hub.CodeConflict, "id", "it was disconnected; give it new settings first")
	}
	p, err := s.probe(ctx, c)
	if err != nil {
		return Tested{}, err
	}
	return s.saveTest(ctx, c, p)
}

// probe opens a connection of its own, so that the test sees what a worker would
// see and disturbs none.
func (s *Service) probe(ctx context.Context, c *ent.Connection) (*probe, error) {
	vendor, err := s.vendorOf(c)
	if err != nil {
		return nil, err
	}
	v, err := s.stored(c)
	if err != nil {
		return nil, fmt.Errorf("secrets of connection %s: %w", c.ID, err)
	}
	attempt, cancel := context.WithTimeout(ctx, testFor)
	defer cancel()
	p := newProbe(s.options.Clock)
	p.step(attempt, "open", func(ctx context.Context) (_ string, err error) {
		p.conn, err = vendor.Open(ctx, s.config(v, vendor.Descriptor(), c.BaseURL))
		return "the settings are understood", err
	})
	if p.conn == nil {
		return p, ctx.Err()
	}
	p.conn = s.options.Wrap(p.conn, c)
	p.run(attempt)
	if err := closing(p.conn); err != nil {
		return nil, err
	}
	return p, ctx.Err()
}

func (s *Service) saveTest(ctx context.Context, c *ent.Connection, p *probe) (Tested, error) {
	t := Tested{OK: p.failure == nil, Steps: p.steps}
	err := s.store.InTx(ctx, func(ctx context.Context, tx *hub.Tx) error {
		update := tx.Connection.UpdateOneID(c.ID).Where(connection.StateNEQ(connection.StateDISCONNECTED))
		switch {
		case t.OK && c.State == connection.StateNEEDS_RECONNECT:
			update.SetTestedAt(s.now()).SetState(connection.StateACTIVE).SetStateReason("")
		case t.OK:
			update.SetTestedAt(s.now())
		case connectors.Is(p.failure, connectors.AuthRevoked):
			update.SetState(connection.StateNEEDS_RECONNECT).SetStateReason(cut(words(p.failure), maxReason))
		}
		var err error
		if t.Connection, err = update.Save(ctx); err != nil {
			return hub.Translate(err, "id", c.ID)
		}
		tx.Emit(hub.Event{Type: "connection.tested", SubjectID: c.ID, Data: t})
		tx.Audit(hub.Audit{Action: "connection.test", SubjectID: c.ID, Data: t})
		return nil
	})
	return t, err
}
