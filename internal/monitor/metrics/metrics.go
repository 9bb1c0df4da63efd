// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package metrics shows what the monitor knows in the text form of Prometheus. Labels
// name components, flows, roles and zones, and never a person or a file.
package metrics

import (
	"bytes"
	"fmt"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/monitor"
)

// ContentType is that of Text.
const ContentType = "text/plain; version=0.0.4; charset=utf-8"

// Source is what is shown.
type Source struct {
	Version  string // of the center
	Snapshot monitor.Snapshot
	Firing   map[monitor.Level]int // alerts
	Waiting  int64                 // notifications that no channel has taken yet
}

// Text is everything in the text form.
func Text(s Source) ([]byte, error) {
	registry := prometheus.NewPedanticRegistry()
	if err := registry.Register(collector{s, newMetrics()}); err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	families, err := registry.Gather()
	if err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	var b bytes.Buffer
	encoder := expfmt.NewEncoder(&b, expfmt.NewFormat(expfmt.TypeTextPlain))
	for _, f := range families {
		if err := encoder.Encode(f); err != nil {
			return nil, fmt.Errorf("metrics: %w", err)
		}
	}
	return b.Bytes(), nil
}

// metrics are the descriptions of all that is shown.
type metrics struct {
	build, up, current, seen, clock, version                  *prometheus.Desc
	parcels, pending, diskSize, diskFree, records, sound, ofB *prometheus.Desc
	bundle, bundleEnd, certificateEnd, leaseEnd               *prometheus.Desc
	flowRequests, flowCurrent, flowBytes, flowLatency, flowUp *prometheus.Desc
	alerts, waiting                                           *prometheus.Desc
}

func newMetrics() *metrics {
	d := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("dukou_"+name, help, labels, nil)
	}
	return &metrics{
		build:   d("build_info", "The center's version.", "version"),
		up:      d("component_up", "Whether a component answers.", "component", "role", "zone"),
		current: d("component_current", "Whether a component has the bundle and the lease in force.", "component"),
		seen:    d("component_seen_timestamp_seconds", "When a component last answered.", "component"),
		clock:   d("component_clock_offset_seconds", "How far a component's clock is ahead of the center's.", "component"),
		version: d("component_info", "The version of a component's program.", "component", "version"),
		parcels: d("component_parcels_total", "Parcels since a component's start.", "component", "verdict"),
		pending: d("component_pending_deliveries", "Accepted deliveries that wait.", "component"),

		diskSize: d("component_disk_size_bytes", "Size of the file system of a component's state.", "component"),
		diskFree: d("component_disk_free_bytes", "What is free of it.", "component"),
		records:  d("audit_gathered_entries_total", "Audit entries of a component that the center holds, proven.", "component"),
		sound:    d("audit_sound", "Whether a component's log is proven.", "component"),
		ofB:      d("component_bundle_version", "The bundle that a component has in force.", "component"),

		bundle:         d("bundle_version", "The bundle in force."),
		bundleEnd:      d("bundle_end_timestamp_seconds", "When the bundle in force ends."),
		certificateEnd: d("certificate_end_timestamp_seconds", "When a component's certificate ends.", "component"),
		leaseEnd:       d("lease_end_timestamp_seconds", "When a component's lease of keys ends.", "component"),

		flowRequests: d("flow_requests_total", "Questions and deliveries on a flow since a component's start, by what became of them there.", "flow", "component", "verdict"),
		flowCurrent:  d("flow_requests_current", "Questions and deliveries under way on a flow at a component.", "flow", "component"),
		flowBytes:    d("flow_bytes_total", "Headers and bodies of what passed on a flow at a component.", "flow", "component"),
		flowLatency:  d("flow_latency_seconds", "How long what passed on a flow took, seen from a component.", "flow", "component"),
		flowUp:       d("flow_up", "Whether all components on a flow's way answer.", "flow"),

		alerts:  d("alerts_firing", "Alerts that fire.", "level"),
		waiting: d("notifications_waiting", "Notifications that no channel has taken yet."),
	}
}

func (m *metrics) all() []*prometheus.Desc {
	return []*prometheus.Desc{
		m.build, m.up, m.current, m.seen, m.clock, m.version, m.parcels, m.pending, m.diskSize, m.diskFree, m.records, m.sound, m.ofB,
		m.bundle, m.bundleEnd, m.certificateEnd, m.leaseEnd, m.flowRequests, m.flowCurrent, m.flowBytes, m.flowLatency, m.flowUp,
		m.alerts, m.waiting,
	}
}

// collector shows one source.
type collector struct {
	Source
	*metrics
}

// Describe implements prometheus.Collector.
func (c collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range c.all() {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c collector) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	gauge(c.build, 1, c.Version)
	gauge(c.bundle, float64(c.Snapshot.Bundle))
	if !c.Snapshot.BundleEnds.IsZero() {
		gauge(c.bundleEnd, seconds(c.Snapshot.BundleEnds))
	}
	for l := monitor.Notice; l <= monitor.Critical; l++ {
		gauge(c.alerts, float64(c.Firing[l]), strconv.Itoa(int(l)))
	}
	gauge(c.waiting, float64(c.Waiting))
	there := map[string]bool{}
	for i := range c.Snapshot.Components {
		there[c.Snapshot.Components[i].ID] = c.Snapshot.Components[i].State != monitor.Unreachable
		c.component(ch, gauge, &c.Snapshot.Components[i])
	}
	for i := range c.Snapshot.Flows {
		f, up := &c.Snapshot.Flows[i], true
		for _, id := range f.Path {
			if answers, known := there[id]; known && !answers {
				up = false
			}
		}
		gauge(c.flowUp, is(up), f.Name)
	}
}

func (c collector) component(ch chan<- prometheus.Metric, gauge func(*prometheus.Desc, float64, ...string), p *monitor.Component) {
	count := func(d *prometheus.Desc, v uint64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	gauge(c.up, is(p.State != monitor.Unreachable), p.ID, string(p.Role), p.Zone)
	gauge(c.current, is(p.State == monitor.Current), p.ID)
	for _, end := range p.Ends {
		switch end.What {
		case "certificate":
			gauge(c.certificateEnd, seconds(end.At), p.ID)
		case "lease":
			gauge(c.leaseEnd, seconds(end.At), p.ID)
		}
	}
	count(c.records, p.Records, p.ID)
	gauge(c.sound, is(p.Audit == "proven"), p.ID)
	if p.Seen.IsZero() {
		return
	}
	gauge(c.seen, seconds(p.Seen), p.ID)
	gauge(c.clock, p.Ahead.Seconds(), p.ID)
	gauge(c.ofB, float64(p.Bundle), p.ID)
	if p.Version != "" {
		gauge(c.version, 1, p.ID, p.Version)
	}
	count(c.parcels, p.Passed, p.ID, "passed")
	count(c.parcels, p.Refused, p.ID, "refused")
	gauge(c.pending, float64(p.Pending), p.ID)
	if p.Disk.Size > 0 {
		gauge(c.diskSize, float64(p.Disk.Size), p.ID)
		gauge(c.diskFree, float64(p.Disk.Free), p.ID)
	}
	for i := range p.Flows {
		f := &p.Flows[i]
		name := f.Name
		if name == "" {
			name = "(other)" // see control.MaxFlows
		}
		count(c.flowRequests, f.Passed, name, p.ID, "passed")
		count(c.flowRequests, f.Refused, name, p.ID, "refused")
		count(c.flowRequests, f.Failed, name, p.ID, "failed")
		gauge(c.flowCurrent, float64(f.Current), name, p.ID)
		count(c.flowBytes, f.Bytes, name, p.ID)
		c.latency(ch, f, name, p.ID)
	}
}

func (c collector) latency(ch chan<- prometheus.Metric, f *control.FlowState, labels ...string) {
	bounds := control.Bounds()
	if len(f.Within) != len(bounds)+1 {
		return
	}
	buckets, sum := make(map[float64]uint64, len(bounds)), uint64(0)
	for i, b := range bounds {
		sum += f.Within[i]
		buckets[b.Seconds()] = sum
	}
	sum += f.Within[len(bounds)]
	ch <- prometheus.MustNewConstHistogram(c.flowLatency, sum, float64(f.Micros)/1e6, buckets, labels...)
}

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

func is(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
