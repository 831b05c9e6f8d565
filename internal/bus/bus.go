package bus

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// outgoing messages wait here for the connection; more are dropped.
	outgoingSize = 1024
	// batchSize bounds one round trip.
	batchSize = 128
	// queueSize bounds what a subscription keeps for a slow listener.
	queueSize = 128

	sendTime    = 2 * time.Second
	healthCheck = 3 * time.Second
	// alive is a channel that is always subscribed, so that the connection is
	// made and watched before anybody listens.
	alive = "wedsync:alive"
)

// Message is something that another process, or this one, published.
type Message struct {
	Channel string
	Payload string
}

// Bus is one process's place on the bus.
type Bus struct {
	client   redis.UniversalClient
	log      *slog.Logger
	outgoing chan Message
	// changed asks the listener to compare its channels with the wanted ones.
	changed chan struct{}
	stop    context.CancelFunc
	done    sync.WaitGroup

	mu            sync.Mutex
	subscriptions map[string]map[*Subscription]struct{}
}

// New joins the bus over client, which stays the caller's. Close leaves it.
func New(client redis.UniversalClient, log *slog.Logger) *Bus {
	ctx, stop := context.WithCancel(context.Background())
	b := &Bus{
		client: client, log: log, stop: stop,
		outgoing:      make(chan Message, outgoingSize),
		changed:       make(chan struct{}, 1),
		subscriptions: map[string]map[*Subscription]struct{}{},
	}
	b.done.Go(func() { b.send(ctx) })
	b.done.Go(func() { b.listen(ctx) })
	return b
}

// Close leaves the bus. Subscriptions stay silent from then on.
func (b *Bus) Close() {
	b.stop()
	b.done.Wait()
}

// Publish sends the message if it can be sent soon. It never blocks.
func (b *Bus) Publish(channel, payload string) {
	select {
	case b.outgoing <- Message{Channel: channel, Payload: payload}:
	default: // Redis is away or overloaded, and listeners have other ways
	}
}

func (b *Bus) send(ctx context.Context) {
	failing := false
	for {
		var batch []Message
		select {
		case <-ctx.Done():
			return
		case m := <-b.outgoing:
			batch = append(batch, m)
		}
		for len(batch) < batchSize && len(b.outgoing) > 0 {
			batch = append(batch, <-b.outgoing) // this goroutine is the only reader
		}
		err := b.sendBatch(ctx, batch)
		if (err != nil) != failing && ctx.Err() == nil {
			failing = err != nil
			b.reportSending(ctx, err)
		}
	}
}

func (b *Bus) sendBatch(ctx context.Context, batch []Message) error {
	ctx, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	_, err := b.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, m := range batch {
			p.Publish(ctx, m.Channel, m.Payload)
		}
		return nil
	})
	return err
}

func (b *Bus) reportSending(ctx context.Context, err error) {
	if err != nil {
		b.log.WarnContext(ctx, "Redis does not take messages; work goes on without wake-ups", "error", err)
		return
	}
	b.log.InfoContext(ctx, "Redis takes messages again")
}

// listen keeps one connection that is subscribed to every channel anybody wants.
// go-redis reconnects and resubscribes it; each confirmation of a subscription is
// a point before which messages may have been lost.
func (b *Bus) listen(ctx context.Context) {
	pubsub := b.client.Subscribe(ctx, alive)
	incoming := pubsub.ChannelWithSubscriptions(redis.WithChannelHealthCheckInterval(healthCheck))
	b.done.Go(func() {
		b.follow(ctx, pubsub)
		_ = pubsub.Close() // ends incoming; there is nothing to lose
	})
	for m := range incoming {
		switch m := m.(type) {
		case *redis.Message:
			b.each(m.Channel, func(s *Subscription) { s.push(Message{Channel: m.Channel, Payload: m.Payload}) })
		case *redis.Subscription:
			if m.Kind == "subscribe" {
				b.each(m.Channel, (*Subscription).lose)
			}
		}
	}
}

// follow subscribes the connection to the channels that are wanted. While Redis
// is away that takes as long as dialing does, hence a goroutine of its own.
func (b *Bus) follow(ctx context.Context, pubsub *redis.PubSub) {
	has := map[string]bool{}
	for {
		select {
		case <-ctx.Done():
			return
		case <-b.changed:
		}
		more, less := b.difference(has)
		if len(more) > 0 {
			// On an error the channels are remembered and subscribed on reconnection.
			_ = pubsub.Subscribe(ctx, more...)
		}
		if len(less) > 0 {
			_ = pubsub.Unsubscribe(ctx, less...)
		}
	}
}

// difference brings has up to what is wanted and returns what that adds and removes.
func (b *Bus) difference(has map[string]bool) (more, less []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for channel := range b.subscriptions {
		if !has[channel] {
			has[channel] = true
			more = append(more, channel)
		}
	}
	for channel := range has {
		if b.subscriptions[channel] == nil {
			delete(has, channel)
			less = append(less, channel)
		}
	}
	return more, less
}

func (b *Bus) each(channel string, do func(*Subscription)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for s := range b.subscriptions[channel] {
		do(s)
	}
}
