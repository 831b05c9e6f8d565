package gqlws

import (
	"encoding/json"
	"strings"
	"testing"
)

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`{"type":"connection_init","payload":{"authorization":"Bearer x"}}`,
		`{"type":"ping"}`, `{"type":"complete","id":"1"}`, `null`, `{"type":"pong","payload":null}`,
		`{"id":"1","type":"subscribe","payload":{"query":"{a}","variables":{"x":[1e999]}}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := parse(text)
		if err != nil {
			if len(err.Error()) > maxReason {
				t.Errorf("the reason does not fit into a close frame: %q", err)
			}
			return
		}
		if m.kind == typeSubscribe && (m.id == "" || m.params == nil) || m.kind == typeComplete && m.id == "" {
			t.Errorf("accepted %q", text)
		}
	})
}

func FuzzResumeReason(f *testing.F) {
	f.Add([]byte(`{"events":{"cursor":"abc","text":"x"}}`))
	f.Add([]byte(`{"events":{"cursor":"` + strings.Repeat("x", 200) + `"}}`))
	f.Add([]byte(`{"events":null}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if reason := resumeReason(json.RawMessage(data)); reason == "" || len(reason) > maxReason {
			t.Errorf("%d bytes: %q", len(reason), reason)
		}
	})
}
