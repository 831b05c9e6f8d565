package scalar_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/wedsync/wedsync/graph/scalar"
)

func TestSettingsAreAnObjectOfStrings(t *testing.T) {
	t.Parallel()
	got, err := scalar.UnmarshalSettings(map[string]any{"bucket": "photos", "region": ""})
	if err != nil || got["bucket"] != "photos" || len(got) != 2 {
		t.Errorf("read %v, %v", got, err)
	}
	many := map[string]any{}
	for i := range 51 {
		many[strings.Repeat("x", i+1)] = ""
	}
	for name, v := range map[string]any{
		"text": "bucket", "list": []any{"a"}, "null": nil, "too many": many,
		"number": map[string]any{"secret-name": json.Number("1")},
		"nested": map[string]any{"secret-name": map[string]any{"hunter2": "hunter2"}},
		"long":   map[string]any{"secret-name": strings.Repeat("hunter2", 2000)},
	} {
		_, err := scalar.UnmarshalSettings(v)
		if err == nil {
			t.Errorf("%s was taken", name)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error repeats a value: %v", name, err)
		}
	}
}

func TestJSONIsWrittenAsItIsStored(t *testing.T) {
	t.Parallel()
	for stored, want := range map[string]string{"": "null", `{"a":[1,"x"]}`: `{"a":[1,"x"]}`} {
		var out bytes.Buffer
		scalar.MarshalJSON(json.RawMessage(stored)).MarshalGQL(&out)
		if out.String() != want {
			t.Errorf("%q is written %s", stored, out.String())
		}
	}
}

func FuzzSettings(f *testing.F) {
	f.Add([]byte(`{"bucket":"photos"}`))
	f.Add([]byte(`{"a":{"b":1}}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var v any
		if json.Unmarshal(raw, &v) != nil {
			return
		}
		settings, err := scalar.UnmarshalSettings(v)
		if err != nil {
			return
		}
		var out bytes.Buffer
		scalar.MarshalSettings(settings).MarshalGQL(&out)
		var again any
		if err := json.Unmarshal(out.Bytes(), &again); err != nil {
			t.Fatalf("%s: %v", out.String(), err)
		}
		if _, err := scalar.UnmarshalSettings(again); err != nil {
			t.Errorf("%s is not read back: %v", out.String(), err)
		}
	})
}
