package workers

import (
	"context"
	"fmt"
	"log/slog"
)

// asynqLog passes on what asynq has to say. What it takes for an error is that
// Redis is away, and the hub gets along without.
type asynqLog struct{ log *slog.Logger }

func (l asynqLog) at(level slog.Level, args []any) {
	l.log.Log(context.Background(), level, "asynq: "+fmt.Sprint(args...))
}

func (l asynqLog) Debug(args ...any) { l.at(slog.LevelDebug, args) }
func (l asynqLog) Info(args ...any)  { l.at(slog.LevelDebug, args) }
func (l asynqLog) Warn(args ...any)  { l.at(slog.LevelInfo, args) }
func (l asynqLog) Error(args ...any) { l.at(slog.LevelWarn, args) }
func (l asynqLog) Fatal(args ...any) { l.at(slog.LevelError, args) }
