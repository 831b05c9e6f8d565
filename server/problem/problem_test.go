package problem_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/wedsync/wedsync/ent/privacy"
	"github.com/wedsync/wedsync/hub"
	"github.com/wedsync/wedsync/server/problem"
)

func TestErrorsBecomeProblems(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err    error
		status int
		logged bool
	}{
		"mistake":   {fmt.Errorf("find: %w", hub.NotFound("syncId", "syn_1")), 404, false},
		"invalid":   {hub.Errorf(hub.CodeInvalid, "a", "is wrong"), 400, false},
		"conflict":  {hub.Errorf(hub.CodePlanStale, "", "changed"), 409, false},
		"privacy":   {fmt.Errorf("ent: %w", privacy.Deny), 403, false},
		"elsewhere": {errors.New("hunter2"), 500, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			w := httptest.NewRecorder()
			problem.Error(t.Context(), w, slog.New(slog.NewTextHandler(&log, nil)), tt.err)
			var p problem.Problem
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
				t.Fatal(err)
			}
			if w.Code != tt.status || p.Status != tt.status || p.Type != "about:blank" || p.Title == "" {
				t.Errorf("%d %+v", w.Code, p)
			}
			if got := w.Header().Get("Content-Type"); got != "application/problem+json" {
				t.Errorf("type %q", got)
			}
			if strings.Contains(w.Body.String(), "hunter2") {
				t.Errorf("leaked: %s", w.Body)
			}
			incident := strings.TrimPrefix(p.Instance, "urn:wedsync:incident:")
			if logged := strings.Contains(log.String(), "hunter2") && strings.Contains(log.String(), incident); logged != tt.logged {
				t.Errorf("log: %s", log.String())
			}
		})
	}
}
