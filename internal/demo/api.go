package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/wedsync/wedsync/internal/gqlclient"
)

// api holds the few operations of the hub's API that the demo uses.
type api struct{ hub *gqlclient.Client }

type userError struct{ Code, Message string }

// refused turns the userErrors of a payload into an error, or nil.
func refused(errs []userError) error {
	all := make([]error, len(errs))
	for i, e := range errs {
		all[i] = fmt.Errorf("%s (%s)", e.Message, e.Code)
	}
	return errors.Join(all...)
}

// mutate runs a mutation that takes one input and returns one thing; selection is
// what is asked of that thing.
func mutate[T any](ctx context.Context, a api, name, thing, selection string, input map[string]any) (T, error) {
	inputType := strings.ToUpper(name[:1]) + name[1:] + "Input!"
	query := fmt.Sprintf("mutation($input: %s) { result: %s(input: $input) { %s { %s } userErrors { code message } } }",
		inputType, name, thing, selection)
	var out struct{ Result map[string]json.RawMessage }
	var zero T
	if err := a.hub.Do(ctx, query, map[string]any{"input": input}, &out); err != nil {
		return zero, fmt.Errorf("%s: %w", name, err)
	}
	var errs []userError
	if err := json.Unmarshal(out.Result["userErrors"], &errs); err != nil {
		return zero, fmt.Errorf("%s: %w", name, err)
	}
	if err := refused(errs); err != nil {
		return zero, fmt.Errorf("%s: %w", name, err)
	}
	var result T
	if err := json.Unmarshal(out.Result[thing], &result); err != nil {
		return zero, fmt.Errorf("%s: %w", name, err)
	}
	return result, nil
}

type ident struct{ ID string }

func (a api) createWedding(ctx context.Context) (string, error) {
	w, err := mutate[ident](ctx, a, "weddingCreate", "wedding", "id", map[string]any{
		"name": "Ana & Tomás", "date": "2026-06-20", "timeZone": "Europe/Lisbon", "region": "EU",
	})
	return w.ID, err
}

func (a api) createConnection(ctx context.Context, provider, name string, settings, secrets map[string]string) (string, error) {
	input := map[string]any{"provider": provider, "name": name, "settings": settings}
	if len(secrets) > 0 {
		input["secrets"] = secrets
	}
	c, err := mutate[ident](ctx, a, "connectionCreate", "connection", "id", input)
	return c.ID, err
}

func (a api) createSync(ctx context.Context, wedding, source string, targets []string, path string) (string, error) {
	places := make([]map[string]any, len(targets))
	for i, t := range targets {
		places[i] = map[string]any{"connectionId": t, "path": path}
	}
	s, err := mutate[ident](ctx, a, "syncCreate", "sync", "id", map[string]any{
		"weddingId": wedding, "name": path, "sourceId": source, "targets": places,
		"verification": "HASH", "deleteMode": "TRASH", "conflictStrategy": "MANUAL",
	})
	return s.ID, err
}

type totals struct {
	Files, Copies, Updates, Renames, Deletes, Compares, Conflicts, Refusals, Unchanged int
	Bytes, EstimatedMs                                                                 int64
}

type report struct {
	Done, Failed, Skipped, Refused, OpenConflicts int
	BytesMoved, BytesVerified, DurationMs         int64
	Recommendations                               []string
}

type run struct {
	ID, State, Reason string
	Totals            *totals
	Report            *report
}

const runFields = `id state reason
	totals { files bytes copies updates renames deletes compares conflicts refusals unchanged estimatedMs }
	report { done failed skipped refused openConflicts bytesMoved bytesVerified durationMs recommendations }`

func (a api) plan(ctx context.Context, sync string) (run, error) {
	return mutate[run](ctx, a, "syncPlan", "run", runFields, map[string]any{"syncId": sync})
}

func (a api) start(ctx context.Context, sync, plan string) (run, error) {
	return mutate[run](ctx, a, "syncStart", "run", runFields, map[string]any{"syncId": sync, "planId": plan})
}

func (a api) run(ctx context.Context, id string) (run, error) {
	var out struct{ Run *run }
	if err := a.hub.Do(ctx, `query($id: ID!) { run(id: $id) { `+runFields+` } }`, map[string]any{"id": id}, &out); err != nil {
		return run{}, err
	}
	if out.Run == nil {
		return run{}, fmt.Errorf("there is no run %s", id)
	}
	return *out.Run, nil
}

type transfer struct {
	Kind, Path, FromPath, State, Reason string
	Target                              *struct{ Connection struct{ Name string } }
}

// transfers returns the operations of a run in the given states or kinds; nil means
// any.
func (a api) transfers(ctx context.Context, id string, states, kinds []string) ([]transfer, error) {
	const query = `query($id: ID!, $states: [TransferState!], $kinds: [TransferKind!], $after: Cursor) { run(id: $id) {
		transfers(first: 100, after: $after, states: $states, kinds: $kinds) {
			nodes { kind path fromPath state reason target { connection { name } } }
			pageInfo { hasNextPage endCursor } } } }`
	var all []transfer
	variables := map[string]any{"id": id, "states": states, "kinds": kinds}
	for {
		var out struct {
			Run struct {
				Transfers struct {
					Nodes    []transfer
					PageInfo struct {
						HasNextPage bool
						EndCursor   *string
					}
				}
			}
		}
		if err := a.hub.Do(ctx, query, variables, &out); err != nil {
			return nil, err
		}
		page := out.Run.Transfers
		all = append(all, page.Nodes...)
		if !page.PageInfo.HasNextPage {
			return all, nil
		}
		variables["after"] = page.PageInfo.EndCursor
	}
}

type conflict struct {
	ID, Path, Kind string
	SourceSide     *side
	TargetSide     *side
	Target         struct{ Connection struct{ Name string } }
}

type side struct{ Size int64 }

func (a api) openConflicts(ctx context.Context, sync string) ([]conflict, error) {
	var out struct{ Conflicts struct{ Nodes []conflict } }
	err := a.hub.Do(ctx, `query($sync: ID!) { conflicts(first: 100, syncId: $sync, state: OPEN) {
		nodes { id path kind sourceSide { size } targetSide { size } target { connection { name } } } } }`,
		map[string]any{"sync": sync}, &out)
	return out.Conflicts.Nodes, err
}

func (a api) resolve(ctx context.Context, id, choice string) error {
	_, err := mutate[ident](ctx, a, "conflictResolve", "conflict", "id", map[string]any{"id": id, "choice": choice})
	return err
}
