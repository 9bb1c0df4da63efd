// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package metrics_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/monitor"
	"dukou.dev/dukou/internal/monitor/metrics"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/test/golden"
)

func source() metrics.Source {
	at := time.Date(2026, 11, 22, 13, 40, 5, 0, time.UTC)
	within := make([]uint64, len(control.Bounds())+1)
	within[3], within[14] = 98, 2
	return metrics.Source{
		Version: "1.2.3", Waiting: 4, Firing: map[monitor.Level]int{monitor.Critical: 1},
		Snapshot: monitor.Snapshot{
			Bundle: 7, BundleEnds: at.Add(30 * 24 * time.Hour),
			Flows: []monitor.Flow{{Name: "credit-query", Path: []string{"front-a", "gate-1"}}},
			Components: []monitor.Component{
				{
					ID: "front-a", Role: policy.RoleFront, Zone: "internet", State: monitor.Current, Seen: at, Ahead: -1500 * time.Millisecond,
					Audit: "proven", Bundle: 7, Version: "1.2.3", Records: 1000, Passed: 100, Refused: 5, Pending: 2,
					Disk: control.Disk{Size: 1 << 40, Free: 1 << 39}, Ends: []monitor.End{{What: "certificate", At: at}, {What: "lease", At: at.Add(time.Hour)}},
					Flows: []control.FlowState{
						{Within: make([]uint64, len(within)), Refused: 3},
						{Name: "credit-query", Passed: 100, Refused: 2, Failed: 1, Current: 3, Bytes: 5 << 20, Micros: 65e6, Within: within},
					},
				},
				{ID: "gate-1", Role: policy.RoleGate, State: monitor.Unreachable, Audit: "log-withheld"},
			},
		},
	}
}

// TestText holds names, help, types and values to a golden file: dashboards and rules of
// others depend on them.
func TestText(t *testing.T) {
	got, err := metrics.Text(source())
	if err != nil {
		t.Fatal(err)
	}
	golden.Hold(t, "testdata/metrics.txt", got)
}

// TestNames: each name has its unit as its end, and labels name no person and no file.
func TestNames(t *testing.T) {
	units := regexp.MustCompile(`_(seconds|bytes|total|info|version|up|current|sound|deliveries|firing|waiting)$`)
	for name, labels := range names(t) {
		if !strings.HasPrefix(name, "dukou_") || !units.MatchString(name) {
			t.Errorf("name %s", name)
		}
		for _, l := range labels {
			if !slices.Contains([]string{"component", "flow", "role", "zone", "verdict", "level", "version"}, l) {
				t.Errorf("%s has label %s", name, l)
			}
		}
	}
}

// names are the metrics and their labels, by another's parser.
func names(t *testing.T) map[string][]string {
	t.Helper()
	text, err := metrics.Text(source())
	if err != nil {
		t.Fatal(err)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{}
	for name, f := range families {
		all[name] = []string{}
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				all[name] = append(all[name], l.GetName())
			}
		}
	}
	return all
}

// TestMany: as much as there can be is no trouble.
func TestMany(t *testing.T) {
	s := source()
	for i := range control.MaxFlows - 1 {
		s.Snapshot.Components[0].Flows = append(s.Snapshot.Components[0].Flows, control.FlowState{Name: fmt.Sprint("flow-", i), Within: make([]uint64, len(control.Bounds())+1)})
	}
	if _, err := metrics.Text(s); err != nil {
		t.Error(err)
	}
	s.Snapshot.Components[0].Flows[1].Within = nil // of a component that says something else
	if _, err := metrics.Text(s); err != nil {
		t.Error(err)
	}
}

const dashboard = "../../../deploy/grafana/dukou.json"

// TestDashboard: the dashboard is taken by any Grafana: each query goes to the data
// source that is chosen, nothing has the id of one installation, and every metric that it
// names is there.
func TestDashboard(t *testing.T) {
	text, err := os.ReadFile(dashboard)
	if err != nil {
		t.Fatal(err)
	}
	var d any
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	top := d.(map[string]any)
	if top["uid"] != "dukou-overview" || top["id"] != nil || bytes.Contains(text, []byte("__inputs")) || bytes.Contains(text, []byte("${DS_")) {
		t.Error("a dashboard has a uid of its own, no id, and no inputs")
	}
	sources, panels := 0, 0
	walk(d, func(m map[string]any) {
		if source, ok := m["datasource"]; ok {
			sources++
			if s, ok := source.(map[string]any); !ok || s["type"] != "prometheus" || s["uid"] != "${datasource}" {
				t.Errorf("data source %v", source)
			}
		}
		if _, ok := m["gridPos"]; ok {
			panels++
			if m["datasource"] == nil {
				t.Errorf("panel %v has no data source", m["title"])
			}
		}
		if _, ok := m["expr"]; ok && m["datasource"] == nil {
			t.Errorf("query %v has no data source", m["expr"])
		}
		for name, v := range m {
			if name == "uid" && v != "${datasource}" && v != "dukou-overview" {
				t.Errorf("uid %v", v)
			}
		}
	})
	if panels < 10 || sources < 2*panels {
		t.Errorf("%d panels, %d data sources", panels, sources)
	}
	known := names(t)
	for _, name := range regexp.MustCompile(`dukou_[a-z_]+`).FindAllString(string(text), -1) {
		base := strings.TrimSuffix(name, "_bucket")
		if known[name] == nil && known[base] == nil {
			t.Errorf("the dashboard names %s", name)
		}
	}
	for name := range known {
		if !slices.Contains([]string{"dukou_build_info", "dukou_component_info", "dukou_component_current", "dukou_component_seen_timestamp_seconds",
			"dukou_component_parcels_total", "dukou_bundle_version", "dukou_certificate_end_timestamp_seconds", "dukou_lease_end_timestamp_seconds"}, name) &&
			!bytes.Contains(text, []byte(name)) {
			t.Errorf("the dashboard does not show %s", name)
		}
	}
}

func walk(v any, visit func(map[string]any)) {
	switch v := v.(type) {
	case map[string]any:
		visit(v)
		for _, below := range v {
			walk(below, visit)
		}
	case []any:
		for _, below := range v {
			walk(below, visit)
		}
	}
}
