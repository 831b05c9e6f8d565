package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wedsync/wedsync/internal/gqlclient"
)

// example is a marked request in docs/api.md with the variables that follow it.
var example = regexp.MustCompile("(?s)<!-- (example|subscription)( first)?(?: save: (\\w+)=([\\w.]+))? -->\n```graphql\n(.*?)```\n(?:```json\n(.*?)```)?")

// TestTheExamplesOfTheManualWork sends every example of docs/api.md, in order, to
// a hub. An example may keep an id from its answer for those that follow.
func TestTheExamplesOfTheManualWork(t *testing.T) {
	t.Parallel()
	manual, err := os.ReadFile(filepath.Join("..", "docs", "api.md"))
	if err != nil {
		t.Fatal(err)
	}
	p := start(t, serve)
	photos := t.TempDir()
	if err := os.WriteFile(filepath.Join(photos, "IMG 1.jpg"), []byte("bytes"), 0o644); err != nil {
		t.Fatal(err)
	}
	names := map[string]string{"photos": photos, "backup": t.TempDir()}
	hub := &gqlclient.Client{URL: p.url, Token: p.token}
	found := ordered(example.FindAllStringSubmatch(string(manual), -1))
	if marked := strings.Count(string(manual), "```graphql"); len(found) != marked || marked < 10 {
		t.Fatalf("%d of %d examples are marked to be run", len(found), marked)
	}
	for _, e := range found {
		kind, name, path, query := e[1], e[3], e[4], e[5]
		variables := map[string]any{}
		if e[6] != "" {
			if err := json.Unmarshal([]byte(filled(e[6], names)), &variables); err != nil {
				t.Fatalf("variables of %s: %v", query, err)
			}
		}
		var answer map[string]any
		if kind == "subscription" {
			answer = last(t, hub, query, variables, e[2] != "")
		} else if err := hub.Do(t.Context(), query, variables, &answer); err != nil {
			t.Fatalf("%s\n%v", query, err)
		}
		if text, err := json.Marshal(answer); err != nil || strings.Contains(string(text), `"code":"`) {
			t.Fatalf("%s\nanswered %s (%v)", query, text, err)
		}
		if name != "" {
			names[name] = at(t, answer, path)
		}
	}
	if got, err := os.ReadFile(filepath.Join(names["backup"], "Ana & Tomás", "IMG 1.jpg")); err != nil || string(got) != "bytes" {
		t.Errorf("after all examples the backup holds %q (%v)", got, err)
	}
}

// ordered moves the example that keeps the log's first cursor before the one that
// starts there: readers meet the subscription first.
func ordered(found [][]string) [][]string {
	for i, e := range found {
		if e[3] == "start" && i > 0 {
			found[i-1], found[i] = found[i], found[i-1]
		}
	}
	return found
}

func filled(text string, names map[string]string) string {
	for name, value := range names {
		quoted, _ := json.Marshal(value) // a string always has a JSON form
		text = strings.ReplaceAll(text, `"{{`+name+`}}"`, string(quoted))
	}
	return text
}

// last returns the last value of a subscription, or the first if that is enough.
func last(t *testing.T, hub *gqlclient.Client, query string, variables map[string]any, first bool) map[string]any {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	sub, err := hub.Subscribe(ctx, query, variables)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	var value map[string]any
	for {
		err := sub.Next(&value)
		if errors.Is(err, gqlclient.ErrCompleted) {
			return value
		}
		if err != nil {
			t.Fatalf("%s\n%v", query, err)
		}
		if first {
			return value
		}
	}
}

// at returns the string at a path such as runs.nodes.0.id.
func at(t *testing.T, answer any, path string) string {
	t.Helper()
	for step := range strings.SplitSeq(path, ".") {
		switch v := answer.(type) {
		case map[string]any:
			answer = v[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(v) {
				t.Fatalf("there is no %s in %v", path, v)
			}
			answer = v[i]
		}
	}
	s, ok := answer.(string)
	if !ok || s == "" {
		t.Fatalf("there is nothing at %s", path)
	}
	return s
}
