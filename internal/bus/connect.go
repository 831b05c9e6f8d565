package bus

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// Connect returns a client of the Redis server at rawURL or, if that is empty, of
// a server inside this process that nobody else can reach. It does not wait for
// the server to be there. Close ends the client and the server inside.
func Connect(rawURL string) (client *redis.Client, closeAll func() error, err error) {
	if rawURL == "" {
		return embedded()
	}
	options, err := redis.ParseURL(rawURL)
	if err != nil {
		// Parse errors quote the URL, which may hold a password.
		return nil, nil, errors.New("the Redis URL cannot be parsed: want redis://, rediss:// or unix://")
	}
	client = redis.NewClient(options)
	return client, client.Close, nil
}

func embedded() (*redis.Client, func() error, error) {
	server := miniredis.NewMiniRedis()
	server.ClockTTL(true) // else nothing ever expires
	first, err := server.Dial()
	if err != nil {
		return nil, nil, fmt.Errorf("start the in-process Redis: %w", err)
	}
	if err := first.Close(); err != nil {
		return nil, nil, fmt.Errorf("start the in-process Redis: %w", err)
	}
	client := redis.NewClient(&redis.Options{
		Addr:   "in-process",
		Dialer: func(context.Context, string, string) (net.Conn, error) { return server.Dial() },
	})
	return client, func() error {
		err := client.Close()
		server.Close()
		return err
	}, nil
}
