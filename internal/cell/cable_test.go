// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package cell_test

import (
	"testing"

	"dukou.dev/dukou/internal/cell"
	"dukou.dev/dukou/test/isolation"
)

const etherType = 0x88B5 // what the actor sends

// wire opens a stage with a cable between the cells a and b.
func wire(t *testing.T) *cell.Stage {
	t.Helper()
	stage := openStage(t)
	err := stage.Cable("link", cell.End{Cell: "a", Interface: "link0"}, cell.End{Cell: "b", Interface: "link0"}, 0)
	if err != nil {
		t.Fatal(err)
	}
	return stage
}

func actor(name string, args ...string) cell.Spec {
	return cell.Spec{Name: name, Args: args, Capabilities: []cell.Capability{cell.NetRaw}}
}

func TestCableOutlivesTheProcesses(t *testing.T) {
	stage := wire(t)
	b, heard := start(t, stage, actor("b", "receive", "link0"))
	heard.await(t, "receiving")
	a, _ := start(t, stage, actor("a", "send", "link0", "first"))
	heard.await(t, "received first")
	a.Kill()
	a, _ = start(t, stage, actor("a", "send", "link0", "second"))
	heard.await(t, "received second")
	b.Kill()
	_, heard = start(t, stage, actor("b", "receive", "link0"))
	heard.await(t, "received second")
	a.Kill()
	start(t, stage, actor("a", "send", "link0", "third"))
	heard.await(t, "received third")
}

func TestUnplugAndPlug(t *testing.T) {
	stage := wire(t)
	_, heard := start(t, stage, actor("b", "receive", "link0"))
	heard.await(t, "receiving")
	if err := stage.Unplug("link"); err != nil {
		t.Fatal(err)
	}
	a, sent := start(t, stage, actor("a", "send", "link0", "unplugged"))
	sent.await(t, "sending")
	a.Kill()
	a, sent = start(t, stage, actor("a", "send", "link0", "plugged"))
	sent.await(t, "sending")
	if err := stage.Plug("link"); err != nil {
		t.Fatal(err)
	}
	heard.await(t, "received plugged")
	if got := heard.String(); got != "receiving\nreceived plugged\n" {
		t.Errorf("heard %q", got)
	}
	if err := stage.Unplug("link"); err != nil {
		t.Fatal(err)
	}
	a.Kill()
	if err := stage.Plug("no such cable"); err == nil {
		t.Error("plugged a cable that is not there")
	}
}

func TestCableCarriesOnlyWhatIsSent(t *testing.T) {
	stage := wire(t)
	path, err := stage.Namespace("b")
	if err != nil {
		t.Fatal(err)
	}
	recorder, err := isolation.Capture(path, "link0", []byte("marker-1"), []byte("never"))
	if err != nil {
		t.Fatal(err)
	}
	// Down and up is when a kernel would announce itself.
	for _, do := range []func(string) error{stage.Unplug, stage.Plug} {
		if err := do("link"); err != nil {
			t.Fatal(err)
		}
	}
	_, heard := start(t, stage, actor("b", "receive", "link0"))
	heard.await(t, "receiving")
	a, _ := start(t, stage, actor("a", "send", "link0", "marker-1"))
	heard.await(t, "received marker-1")
	a.Kill()
	report, err := recorder.Stop()
	if err != nil {
		t.Fatal(err)
	}
	if report.Frames == 0 || report.Dropped != 0 || len(report.Kept) != report.Frames {
		t.Errorf("captured %d frames, kept %d, dropped %d", report.Frames, len(report.Kept), report.Dropped)
	}
	if n := report.EtherTypes[etherType]; n != report.Frames {
		t.Errorf("frames of other types: %v", report.EtherTypes)
	}
	if report.Markers["marker-1"] != report.Frames || report.Markers["never"] != 0 {
		t.Errorf("markers: %v in %d frames", report.Markers, report.Frames)
	}
	for _, f := range report.Kept {
		if f.Outgoing {
			t.Errorf("b sent %x", f.Bytes)
		}
	}
}

func TestCableMTU(t *testing.T) {
	stage := openStage(t)
	a, b := cell.End{Cell: "a", Interface: "x"}, cell.End{Cell: "b", Interface: "x"}
	if err := stage.Cable("one", a, b, 9000); err != nil {
		t.Fatal(err)
	}
	if err := stage.Cable("one", cell.End{Cell: "a", Interface: "y"}, cell.End{Cell: "b", Interface: "y"}, 0); err == nil {
		t.Error("two cables of one name")
	}
	if err := stage.Cable("two", a, b, 0); err == nil {
		t.Error("two cables in one socket")
	}
	if err := stage.Cable("three", cell.End{Cell: "a", Interface: "z"}, cell.End{Cell: "b", Interface: "z"}, cell.MaxMTU+1); err == nil {
		t.Error("an MTU beyond the largest")
	}
}
