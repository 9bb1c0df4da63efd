// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path"
	"strings"
	"time"

	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/exchange"
	"dukou.dev/dukou/internal/parcel"
)

// shipment is one delivery. Its name is in its content.
type shipment struct {
	flow     string
	id       parcel.ID // that its sender gives it, who keeps to it; zero for files to be adopted
	digest   [32]byte
	body     []byte
	accepted bool // the sender was told so, or it lies in the source directory
	told     bool // how it ended
	arrived  bool // it was told that it was released
	refused  bool // it was told that it never will be
	released int  // moves onto the shelf that were seen
	attempts int
	at       int // the attempt at whose time it was released
}

func (r *ledger) flow(name string) (flow string) {
	r.change(func() { flow = r.shipments[name].flow })
	return flow
}

func (r *ledger) accept(name string) {
	r.change(func() { r.shipments[name].accepted = true })
}

// origin is the front that a flow begins at, and target where it ends.
func origin(flow string) string {
	if flow == "back" {
		return frontIn
	}
	return frontOut
}

func target(flow string) string {
	if flow == "back" {
		return frontOut
	}
	return frontIn
}

// drawShipment draws a delivery; the large one has chunks enough to be resumed.
func (s *sim) drawShipment(n int, large bool) (string, *shipment) {
	size := 1 + s.rng.IntN(3000)
	switch {
	case large:
		size = parcel.ChunkSize + 1 + s.rng.IntN(parcel.ChunkSize/4)
	case s.chance(0.15):
		size = 60<<10 + s.rng.IntN(20<<10) // about where a body gets a file of its own
	case s.chance(0.05):
		size = 0
	}
	body := make([]byte, size)
	var key [32]byte
	key[0], key[1] = byte(s.seed), byte(n)
	_, _ = rand.NewChaCha8(key).Read(body) // never fails
	d := &shipment{flow: "files", body: body, digest: sha256.Sum256(body)}
	if s.chance(0.5) {
		d.flow = "back"
	}
	if s.chance(0.5) {
		d.id = parcel.NewID()
	}
	return fmt.Sprintf("file-%d", n), d
}

// submit gives a delivery to the front that it begins at. The scheduler calls it.
func (s *sim) submit(name string, d *shipment) {
	s.record.change(func() { s.record.shipments[name] = d })
	s.tally.Accepted++
	if d.id == (parcel.ID{}) {
		s.drop(name, d)
		return
	}
	s.upload(name, d)
}

// drop lays a file into the source directory, durably, as whoever makes it does.
func (s *sim) drop(name string, d *shipment) {
	m := s.process[origin(d.flow)].m
	again := func() { s.after(50*time.Millisecond, "drop "+name, func() { s.drop(name, d) }) }
	if !m.up {
		again()
		return
	}
	m.io.Lock()
	defer m.io.Unlock()
	dir := origin(d.flow) + sources
	if err := lay(m.disk, dir, name, d.body); err != nil {
		again()
		return
	}
	s.record.accept(name)
}

func lay(disk durable.Disk, dir, name string, body []byte) error {
	temp := path.Join(path.Dir(dir), name)
	f, err := disk.OpenFile(temp, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if _, err := f.WriteAt(body, 0); err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close(), disk.SyncDir(path.Dir(dir)), disk.Rename(temp, path.Join(dir, name)), disk.SyncDir(dir), disk.SyncDir(path.Dir(dir)))
}

// upload hands a delivery to the outbox until it is accepted, under one id, as a
// terminal does.
func (s *sim) upload(name string, d *shipment) {
	p := s.process[origin(d.flow)]
	again := func() {
		s.after(100*time.Millisecond, "upload "+name, func() { s.upload(name, d) })
	}
	if s.record.over || d.accepted {
		return
	}
	var box *exchange.Outbox
	if p.alive() {
		box = p.life.parts().outbox
	}
	if box == nil {
		again()
		return
	}
	l := p.life
	s.record.change(func() { d.refused = false }) // it is sent again, whatever came of it before
	go func() {
		err := box.Accept(draft(d.id, d.flow, name, len(d.body)), bytes.NewReader(d.body))
		if err == nil && !l.dead.Load() {
			s.record.accept(name)
			return
		}
		s.post(l.line, "upload failed", again)
	}()
}

// checkShelves looks at what lies released on a machine: at the end all that was
// accepted and nothing twice, and at any time nothing in part.
func (s *sim) checkShelves(id string, atEnd bool) {
	disk := s.process[id].m.disk
	names, err := disk.ReadDir(id + shelf)
	if err != nil {
		return // no life has come so far
	}
	there := map[string]int{}
	for _, file := range names {
		name, _, _ := strings.Cut(file, " (") // a name that was taken gets the id as a mark
		d := s.record.shipments[name]
		if d == nil || target(d.flow) != id {
			s.found.add(s, "%s has %q, which nobody sent there", id, file)
			continue
		}
		if there[name]++; there[name] == 2 {
			s.found.add(s, "%s was released twice", name)
		}
		if sum, err := digest(disk, id+shelf+"/"+file); err != nil || sum != d.digest {
			s.found.add(s, "%s was released with another content, or in part: %v", file, err)
		}
	}
	if !atEnd {
		return
	}
	s.tally.Delivered += len(there)
	for name, d := range s.record.shipments {
		switch {
		case target(d.flow) != id:
		case d.refused && there[name] > 0:
			s.found.add(s, "%s was told to be refused, and was released", name)
		case there[name] == 0 && (d.arrived || d.accepted && !d.told && !s.mode.unbounded):
			s.found.add(s, "%s was accepted, and is lost", name)
		}
	}
}

func digest(disk durable.Disk, name string) (sum [32]byte, err error) {
	f, err := disk.OpenFile(name, os.O_RDONLY, 0)
	if err != nil {
		return sum, err
	}
	size, err := f.Size()
	if err != nil {
		return sum, err
	}
	b := make([]byte, size)
	if _, err := f.ReadAt(b, 0); err != nil && !errors.Is(err, io.EOF) {
		return sum, err
	}
	return sha256.Sum256(b), f.Close()
}
