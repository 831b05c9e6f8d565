package bus

import "sync"

// Subscription is one listener's view of some channels.
//
//	for {
//		select {
//		case <-s.Ready():
//			messages, gap := s.Take()
//			…
type Subscription struct {
	bus      *Bus
	channels []string
	ready    chan struct{}

	mu    sync.Mutex
	queue []Message
	gap   bool
}

// Subscribe listens to the channels until the subscription is closed. It begins
// with a gap, and there is another whenever Redis confirms a channel: a listener
// that reads the database then misses nothing.
func (b *Bus) Subscribe(channels ...string) *Subscription {
	s := &Subscription{bus: b, channels: channels, ready: make(chan struct{}, 1)}
	s.lose()
	b.mu.Lock()
	for _, c := range channels {
		if b.subscriptions[c] == nil {
			b.subscriptions[c] = map[*Subscription]struct{}{}
		}
		b.subscriptions[c][s] = struct{}{}
	}
	b.mu.Unlock()
	b.wake()
	return s
}

// Close stops listening. It may be called more than once.
func (s *Subscription) Close() {
	b := s.bus
	b.mu.Lock()
	for _, c := range s.channels {
		delete(b.subscriptions[c], s)
		if len(b.subscriptions[c]) == 0 {
			delete(b.subscriptions, c)
		}
	}
	b.mu.Unlock()
	b.wake()
}

// Ready receives a value when there is something to take.
func (s *Subscription) Ready() <-chan struct{} { return s.ready }

// Take returns the messages that came since the last time. If gap is set, others
// may have been lost before them.
func (s *Subscription) Take() (messages []Message, gap bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	messages, gap = s.queue, s.gap
	s.queue, s.gap = nil, false
	return messages, gap
}

func (s *Subscription) push(m Message) {
	s.mu.Lock()
	if len(s.queue) == queueSize {
		s.queue, s.gap = nil, true
	}
	s.queue = append(s.queue, m)
	s.mu.Unlock()
	s.signal()
}

func (s *Subscription) lose() {
	s.mu.Lock()
	s.gap = true
	s.mu.Unlock()
	s.signal()
}

func (s *Subscription) signal() {
	select {
	case s.ready <- struct{}{}:
	default:
	}
}

func (b *Bus) wake() {
	select {
	case b.changed <- struct{}{}:
	default:
	}
}
