package demo

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// firstAct plans, shows the plan, runs exactly it, and compares.
func (d *demo) firstAct(ctx context.Context, sync, folder, path string) error {
	r, err := d.planAndRun(ctx, sync)
	if err != nil {
		return err
	}
	if r.State != "COMPLETED" {
		if err := d.showTroubles(ctx, r); err != nil {
			return err
		}
	}
	return d.compareAll(ctx, folder, path, r)
}

// secondAct edits the files, shows that only the difference moves, and settles
// the conflict that the edits provoke.
func (d *demo) secondAct(ctx context.Context, sync, folder, path string) error {
	e, err := edit(folder, d.Stores, path)
	if err != nil {
		return fmt.Errorf("edit the files: %w", err)
	}
	for _, line := range e.told {
		d.say("%s", line)
	}
	r, err := d.planAndRun(ctx, sync)
	if err != nil {
		return err
	}
	if e.conflicting == "" {
		return d.compareAll(ctx, folder, path, r)
	}
	conflicts, err := d.openConflicts(ctx, sync)
	if err != nil {
		return err
	}
	if len(conflicts) == 0 {
		return fmt.Errorf("%s was edited on both sides and no conflict was found", e.conflicting)
	}
	d.title("A conflict waits for a decision")
	for _, c := range conflicts {
		d.say("%q at %s: %s; the source has %s, the target %s", c.Path, c.Target.Connection.Name,
			c.Kind, c.SourceSide.size(), c.TargetSide.size())
		d.say("→ decided: keep both")
		if err := d.resolve(ctx, c.ID, "KEEP_BOTH"); err != nil {
			return err
		}
	}
	if err := d.settled(ctx, sync); err != nil {
		return err
	}
	// Keeping both brings the other side's content to the source under a name of
	// its own; one more run takes it to the stores that lack it.
	if r, err = d.planAndRun(ctx, sync); err != nil {
		return err
	}
	return d.compareAll(ctx, folder, path, r)
}

func (s *side) size() string {
	if s == nil {
		return "nothing"
	}
	return bytes(s.Size)
}

// settled waits until no conflict of the sync is open and no run is active.
func (d *demo) settled(ctx context.Context, sync string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for tick := time.NewTicker(100 * time.Millisecond); ; {
		var out struct {
			Sync struct {
				ActiveRun *ident
				Conflicts struct{ Nodes []struct{ State string } }
			}
		}
		err := d.hub.Do(ctx, `query($id: ID!) { sync(id: $id) { activeRun { id } conflicts(first: 100) { nodes { state } } } }`,
			map[string]any{"id": sync}, &out)
		if err != nil {
			return err
		}
		open := out.Sync.ActiveRun != nil
		for _, c := range out.Sync.Conflicts.Nodes {
			open = open || c.State != "RESOLVED"
		}
		if !open {
			tick.Stop()
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return errors.New("the conflict was not settled within a minute")
		}
	}
}

func (d *demo) planAndRun(ctx context.Context, sync string) (run, error) {
	plan, err := d.plan(ctx, sync)
	if err != nil {
		return run{}, err
	}
	for plan.State == "PLANNING" {
		if plan, err = d.run(ctx, plan.ID); err != nil {
			return run{}, err
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
			return run{}, ctx.Err()
		}
	}
	if plan.State != "PLANNED" {
		return run{}, fmt.Errorf("the plan is %s: %s", plan.State, plan.Reason)
	}
	if err := d.showPlan(ctx, plan); err != nil {
		return run{}, err
	}
	started, err := d.start(ctx, sync, plan.ID)
	if err != nil {
		return run{}, err
	}
	r, err := d.watch(ctx, started.ID)
	if err != nil {
		return run{}, err
	}
	if r.State != "COMPLETED" && r.State != "PARTIAL" {
		return r, fmt.Errorf("the run is %s: %s", r.State, r.Reason)
	}
	d.showReport(r)
	return r, nil
}

// shown bounds the operations that are listed.
const shown = 8

func (d *demo) showPlan(ctx context.Context, plan run) error {
	t := plan.Totals
	if t == nil {
		return fmt.Errorf("the plan %s has no totals", plan.ID)
	}
	d.say("plan: %d files at the source; %s to move in about %s", t.Files, bytes(t.Bytes), time.Duration(t.EstimatedMs)*time.Millisecond)
	for _, line := range []struct {
		n    int
		what string
	}{
		{t.Copies, "copies"}, {t.Updates, "updates"}, {t.Renames, "renames"}, {t.Deletes, "deletions"},
		{t.Compares, "comparisons"}, {t.Conflicts, "conflicts"}, {t.Refusals, "refusals"}, {t.Unchanged, "already in step"},
	} {
		if line.n > 0 {
			d.say("  %6d %s", line.n, line.what)
		}
	}
	refused, err := d.transfers(ctx, plan.ID, nil, []string{"REFUSE", "CONFLICT", "RENAME", "DELETE"})
	if err != nil {
		return err
	}
	for i, r := range refused {
		if i == shown {
			d.say("    … and %d more", len(refused)-shown)
			break
		}
		where := "every store"
		if r.Target != nil {
			where = r.Target.Connection.Name
		}
		from := ""
		if r.FromPath != "" {
			from = fmt.Sprintf("%q → ", r.FromPath)
		}
		d.say("    %-8s %s%q at %s %s", r.Kind, from, r.Path, where, r.Reason)
	}
	return nil
}

func (d *demo) showReport(r run) {
	if r.Report == nil {
		return
	}
	p := r.Report
	d.say("%s: %d done, %d failed, %d skipped, %d refused, %d open conflicts; %s moved, %s verified in %s",
		r.State, p.Done, p.Failed, p.Skipped, p.Refused, p.OpenConflicts,
		bytes(p.BytesMoved), bytes(p.BytesVerified), time.Duration(p.DurationMs)*time.Millisecond)
	for _, recommendation := range p.Recommendations {
		d.say("→ %s", recommendation)
	}
}

// showTroubles lists what did not go well.
func (d *demo) showTroubles(ctx context.Context, r run) error {
	troubles, err := d.transfers(ctx, r.ID, []string{"FAILED", "SKIPPED", "REFUSED", "CONFLICT"}, nil)
	if err != nil {
		return err
	}
	for i, t := range troubles {
		if i == shown {
			d.say("… and %d more", len(troubles)-shown)
			break
		}
		d.say("%-8s %-8s %q: %s", t.State, t.Kind, t.Path, t.Reason)
	}
	return nil
}

// bytes writes a size for people.
func bytes(n int64) string {
	units := []string{"B", "kB", "MB", "GB", "TB"}
	size, i := float64(n), 0
	for size >= 1000 && i < len(units)-1 {
		size, i = size/1000, i+1
	}
	if i == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", size, units[i])
}
