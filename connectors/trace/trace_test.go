package trace_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/connectors/decorate"
	"github.com/wedsync/wedsync/connectors/fault"
	"github.com/wedsync/wedsync/connectors/memory"
	"github.com/wedsync/wedsync/connectors/trace"
)

const secret = "Anna und Tom.jpg"

// calls makes a call that succeeds, one that fails and one that is cancelled.
func calls(t *testing.T, c trace.Config) {
	t.Helper()
	plain, err := memory.Vendor{Stores: memory.NewStores()}.Open(t.Context(), connectors.Config{Settings: map[string]string{memory.SettingStore: "x"}})
	if err != nil {
		t.Fatal(err)
	}
	c.Provider = "memory"
	conn := decorate.Wrap(plain, trace.New(c), fault.New(fault.Fault{Op: decorate.OpList, Kind: connectors.QuotaFull}).Decorator())
	source := conn.(connectors.Source)
	if err := conn.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := source.List(t.Context(), secret, ""); !connectors.Is(err, connectors.QuotaFull) {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := source.Stat(ctx, secret); err == nil {
		t.Fatal("a cancelled call succeeds")
	}
}

func TestSpans(t *testing.T) {
	t.Parallel()
	recorder := tracetest.NewSpanRecorder()
	provider := sdk.NewTracerProvider(sdk.WithSpanProcessor(recorder))
	calls(t, trace.Config{Tracer: provider.Tracer("test")})

	var got []string
	for _, s := range recorder.Ended() {
		var attrs []string
		for _, a := range s.Attributes() {
			attrs = append(attrs, fmt.Sprintf("%s=%s", a.Key, a.Value.AsString()))
		}
		got = append(got, fmt.Sprintf("%s %s %s", s.Name(), s.Status().Code, strings.Join(attrs, " ")))
		if strings.Contains(fmt.Sprintf("%+v", s), secret) {
			t.Errorf("the span tells a name: %+v", s)
		}
	}
	want := []string{
		"connector.check Unset wedsync.provider=memory wedsync.outcome=OK",
		"connector.list Error wedsync.provider=memory wedsync.outcome=QUOTA_FULL",
		"connector.stat Error wedsync.provider=memory wedsync.outcome=CANCELLED",
	}
	if !slices.Equal(got, want) {
		t.Errorf("spans:\n got %q\nwant %q", got, want)
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	metrics, err := trace.NewMetrics(registry)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := trace.NewMetrics(registry); err == nil {
		t.Error("metrics can be registered twice")
	}
	now := time.Unix(0, 0)
	calls(t, trace.Config{Recorder: metrics, Now: func() time.Time {
		now = now.Add(2 * time.Second)
		return now
	}})

	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range families {
		for _, m := range f.GetMetric() {
			line := f.GetName()
			for _, l := range m.GetLabel() {
				line += " " + l.GetName() + "=" + l.GetValue()
			}
			got = append(got, fmt.Sprintf("%s %d %gs", line, m.GetHistogram().GetSampleCount(), m.GetHistogram().GetSampleSum()))
		}
	}
	want := []string{
		"wedsync_connector_call_seconds kind=CANCELLED op=stat provider=memory 1 2s",
		"wedsync_connector_call_seconds kind=OK op=check provider=memory 1 2s",
		"wedsync_connector_call_seconds kind=QUOTA_FULL op=list provider=memory 1 2s",
	}
	if !slices.Equal(got, want) {
		t.Errorf("metrics:\n got %q\nwant %q", got, want)
	}
}
