package gqlexec_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"

	"github.com/wedsync/wedsync/ent/privacy"
	"github.com/wedsync/wedsync/hub"
	"github.com/wedsync/wedsync/server/gqlexec"
	"github.com/wedsync/wedsync/server/internal/gqltest"
)

func TestWhatClientsReadOfAnError(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err           error
		message, code string
		logged        bool
	}{
		"mistake":   {fmt.Errorf("query: %w", hub.Errorf(hub.CodeInvalid, "after", "is no cursor")), "is no cursor", "INVALID", false},
		"privacy":   {fmt.Errorf("ent: %w", privacy.Denyf("hunter2")), "your role does not allow this", "FORBIDDEN", false},
		"timeout":   {fmt.Errorf("hunter2: %w", context.DeadlineExceeded), "this took too long", "TIMEOUT", false},
		"gone":      {fmt.Errorf("hunter2: %w", context.Canceled), "", "INTERNAL", false},
		"elsewhere": {fmt.Errorf("hunter2"), "", "INTERNAL", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			schema := gqltest.New(map[string]gqltest.Resolver{
				"fail": func(context.Context, map[string]any) (any, error) { return nil, tt.err },
			}, nil)
			exec := gqlexec.New(schema, gqlexec.DefaultLimits(), slog.New(slog.NewTextHandler(&log, nil)))
			ctx := graphql.StartOperationTrace(t.Context())
			op, errs := exec.CreateOperationContext(ctx, &graphql.RawParams{Query: "{ fail }"})
			if errs != nil {
				t.Fatal(errs)
			}
			responses, ctx := exec.DispatchOperation(ctx, op)
			got := responses(ctx).Errors
			if len(got) != 1 || code(got) != tt.code || strings.Contains(got[0].Message, "hunter2") {
				t.Fatalf("%v", got)
			}
			if tt.message != "" && got[0].Message != tt.message {
				t.Errorf("message %q, want %q", got[0].Message, tt.message)
			}
			if logged := log.Len() > 0; logged != tt.logged {
				t.Errorf("logged: %q", log.String())
			}
		})
	}
}
