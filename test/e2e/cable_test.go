// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"dukou.dev/dukou/internal/demo"
	"dukou.dev/dukou/test/isolation"
)

// linkType is the EtherType of the frames between the halves (docs/formats/frame.md).
const linkType = 0x88B5

// marker is 64 random characters that every way across takes, and pieces of it, since a
// boundary between frames could lie in any one.
func marker(t *testing.T) (whole string, pieces [][]byte) {
	t.Helper()
	random := chance(t)
	text := make([]byte, 64)
	for i := range text {
		text[i] = "abcdefghijklmnopqrstuvwxyz0123456789"[random.IntN(36)]
	}
	pieces = append(pieces, text)
	for i := 0; i+8 <= len(text); i += 8 {
		pieces = append(pieces, text[i:i+8])
	}
	return string(text), pieces
}

// TestCable captures all that is on the cable while queries and files that hold a
// marker cross, and while each part of the guard is restarted.
func TestCable(t *testing.T) {
	r := start(t)
	namespace, err := r.Stage().Namespace(demo.GuardGate)
	if err != nil {
		t.Fatal(err)
	}
	whole, pieces := marker(t)
	recorder, err := isolation.Capture(namespace, demo.Interface, pieces...)
	if err != nil {
		t.Fatal(err)
	}
	for round := range 4 {
		r.ready(t)
		r.ask(t, whole)
		r.send(t, whole, round)
		if err := r.Restart([]string{demo.GuardOuter, demo.GuardGate, demo.GuardInner, demo.FrontInternet}[round]); err != nil {
			t.Fatal(err)
		}
	}
	r.ready(t)
	report, err := recorder.Stop()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d frames, %d bytes, %d dropped, types %x", report.Frames, report.Bytes, report.Dropped, report.EtherTypes)
	if report.Frames == 0 || report.Dropped != 0 {
		t.Errorf("%d frames seen, %d missed", report.Frames, report.Dropped)
	}
	if len(report.EtherTypes) != 1 || report.EtherTypes[linkType] != report.Frames {
		t.Errorf("frames of another type than %x: %x", linkType, report.EtherTypes)
	}
	if len(report.Markers) != 0 {
		t.Errorf("the marker is on the cable: %v", report.Markers)
	}
	r.clear(t, namespace, whole, pieces)
	r.ready(t)
}

// clear sends the marker in clear over the same cable: the same capture finds it.
func (r *rig) clear(t *testing.T, namespace, whole string, pieces [][]byte) {
	t.Helper()
	recorder, err := isolation.Capture(namespace, demo.Interface, pieces...)
	if err != nil {
		t.Fatal(err)
	}
	outer, err := r.Stage().Namespace(demo.GuardOuter)
	if err != nil {
		t.Fatal(err)
	}
	for _, etherType := range []uint16{linkType, unix.ETH_P_IP} {
		if err := sendFrame(outer, demo.Interface, etherType, []byte("in clear: "+whole)); err != nil {
			t.Fatal(err)
		}
	}
	report, err := recorder.Stop()
	if err != nil {
		t.Fatal(err)
	}
	for _, piece := range pieces {
		if report.Markers[string(piece)] != 2 {
			t.Errorf("control: %q was sent in clear in 2 frames and seen in %d", piece, report.Markers[string(piece)])
		}
	}
	if report.EtherTypes[unix.ETH_P_IP] != 1 {
		t.Errorf("control: one frame of IP was sent: %x", report.EtherTypes)
	}
}

// ask sends the marker as a password, which the bureau refuses.
func (r *rig) ask(t *testing.T, whole string) {
	t.Helper()
	bank := r.Bank()
	defer bank.Close()
	user := demo.Zhang()
	user.Password = whole
	_, err := bank.SignIn(t.Context(), user)
	var refusal *demo.Refusal
	if !errors.As(err, &refusal) || refusal.Status != 401 || refusal.Code != "invalid-credentials" {
		t.Fatalf("the bureau should have refused the password: %v", err)
	}
	if _, err := bank.SignIn(t.Context(), demo.Zhang()); err != nil {
		t.Fatal(err)
	}
}

// send sends a file that has the marker as its name, and all over its content.
func (r *rig) send(t *testing.T, whole string, round int) {
	t.Helper()
	name := whole + "-" + string(rune('a'+round)) + ".csv"
	content := bytes.Repeat([]byte("person-000001,"+whole+"\n"), 2000)
	arrived := filepath.Join(r.Installation.Batch(), "rejected", name) // the bureau takes no such columns
	hidden := filepath.Join(r.Installation.Outgoing(), "."+name)
	if err := errors.Join(os.WriteFile(hidden, content, 0o600), os.Rename(hidden, filepath.Join(r.Installation.Outgoing(), name))); err != nil {
		t.Fatal(err)
	}
	err := eventually(t.Context(), 30*time.Second, 20*time.Millisecond, func(context.Context) error {
		got, err := os.ReadFile(arrived)
		if err == nil && !bytes.Equal(got, content) {
			t.Fatalf("%s is another file on the other side", name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// sendFrame sends one Ethernet frame to everybody from an interface of a network
// namespace. The thread that enters it is thrown away.
func sendFrame(namespace, device string, etherType uint16, payload []byte) error {
	failed := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and never unlocked
		failed <- func() error {
			ns, err := os.Open(namespace)
			if err != nil {
				return err
			}
			defer ns.Close()
			if err := unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET); err != nil {
				return err
			}
			return broadcast(device, etherType, payload)
		}()
	}()
	return <-failed
}

func broadcast(device string, etherType uint16, payload []byte) error {
	link, err := net.InterfaceByName(device)
	if err != nil {
		return err
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	frame := append(bytes.Repeat([]byte{0xff}, 6), link.HardwareAddr...)
	frame = append(binary.BigEndian.AppendUint16(frame, etherType), payload...)
	return unix.Sendto(fd, frame, 0, &unix.SockaddrLinklayer{Ifindex: link.Index})
}
