package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// withoutMaintenance keeps clients from asking each server whether it announces its
// maintenance: only Redis Enterprise does, and others answer with errors.
func withoutMaintenance() *maintnotifications.Config {
	return &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
}

// LogTo makes go-redis, which has one logger for the whole process, write to log.
// It is for main to call.
func LogTo(log *slog.Logger) { redis.SetLogger(redisLog{log}) }

type redisLog struct{ log *slog.Logger }

func (l redisLog) Printf(ctx context.Context, format string, v ...any) {
	l.log.InfoContext(ctx, "redis: "+fmt.Sprintf(format, v...))
}

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
	options.MaintNotificationsConfig = withoutMaintenance()
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

		MaintNotificationsConfig: withoutMaintenance(),
	})
	return client, func() error {
		err := client.Close()
		server.Close()
		return err
	}, nil
}
