package filesync

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/synctarget"
	"github.com/wedsync/wedsync/ent/transfer"
	"github.com/wedsync/wedsync/hub"
)

// targetNames maps the sync's targets, present and former, to what their
// connections are called.
func targetNames(ctx context.Context, client *ent.Client, syncID string) (map[string]string, error) {
	targets, err := client.SyncTarget.Query().Where(synctarget.SyncID(syncID)).WithConnection().All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read targets: %w", err)
	}
	names := make(map[string]string, len(targets))
	for _, t := range targets {
		names[t.ID] = t.Edges.Connection.Name
	}
	return names, nil
}

// advice is what to do about something that happened at a place.
type advice struct{ place, text string }

// recommend says what to do next, in the words of people.
func recommend(tallies []tally, names map[string]string, openConflicts int) []string {
	counts := map[advice]int{}
	for _, t := range tallies {
		place := names[t.TargetID]
		if t.TargetID == "" {
			place = "the source"
		}
		if text := advise(t); text != "" {
			counts[advice{place, text}] += t.Count
		}
	}
	out := []string{}
	if openConflicts > 0 {
		out = append(out, fmt.Sprintf("%s for a decision: choose for each what to keep.", waits(openConflicts)))
	}
	lines := slices.SortedFunc(maps.Keys(counts), func(a, b advice) int {
		return cmp.Or(strings.Compare(a.place, b.place), strings.Compare(a.text, b.text))
	})
	for _, a := range lines {
		out = append(out, fmt.Sprintf("%s at %s: %s", files(counts[a]), a.place, a.text))
	}
	return out
}

func waits(n int) string {
	if n == 1 {
		return "1 conflict waits"
	}
	return fmt.Sprintf("%d conflicts wait", n)
}

func files(n int) string {
	if n == 1 {
		return "1 file"
	}
	return fmt.Sprintf("%d files", n)
}

func advise(t tally) string {
	switch {
	case t.State == transfer.StateREFUSED && t.TargetID == "":
		return "left out; each operation's reason says why."
	case t.State == transfer.StateREFUSED:
		return "refused; each operation's reason says what to change."
	case t.State == transfer.StateSKIPPED:
		return "left for the next run, for which start the sync once more."
	case t.State == transfer.StateDONE && t.Kind == transfer.KindPULL:
		return "brought to the source; the next run takes them to the other targets."
	case t.State == transfer.StateDONE && t.Kind == transfer.KindKEEP_BOTH:
		return "kept beside the source's; the next run takes them to the other targets."
	case t.State != transfer.StateFAILED:
		return ""
	}
	switch connectors.Kind(t.ErrorKind) {
	case connectors.QuotaFull:
		return "failed because there is no room; make some and start the sync once more."
	case connectors.AuthExpired, connectors.AuthRevoked:
		return "failed because the credentials are not accepted; connect again and start the sync once more."
	case connectors.ScopeMissing:
		return "failed because the credentials do not permit it; connect again with more rights."
	case connectors.NameRejected:
		return "failed because of their names; rename them at the source."
	case connectors.TooLarge:
		return "failed because they are too large for the store."
	case connectors.Conflict, connectors.Exists, connectors.NotFound:
		return "failed because they changed meanwhile; start the sync once more."
	case connectors.Corrupt:
		return "failed because other bytes arrived than were sent; start the sync once more and, if it happens again, have the store checked."
	}
	return "failed; each operation's reason says why. Start the sync once more to try again."
}

// words says for people why something failed. Errors of connectors and mistakes
// hold no secrets; any other may, and is not repeated.
func words(err error) string {
	var mistake *hub.Error
	if errors.As(err, &mistake) {
		return mistake.Message
	}
	var outside *connectors.Error
	if errors.As(err, &outside) {
		return fmt.Sprintf("%s (%s)", outside.Error(), outside.Kind)
	}
	return "It failed in an unexpected way; the hub's log has the details."
}

// cut shortens text to at most n bytes, at the end of a character.
func cut(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && text[n]&0xC0 == 0x80 {
		n--
	}
	return text[:n]
}
