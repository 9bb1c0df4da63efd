// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package terminal

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"sync"

	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/exchange"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/front/file"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/vault"
	"dukou.dev/dukou/internal/wire"
)

// Download is what to receive.
type Download struct {
	Flow string
	Into string // a directory that is there
	Once bool   // end when nothing waits any more
	// Arrived is told of each file once it is in the directory, by many goroutines;
	// after a crash it may be told again. It may be nil.
	Arrived func(Arrival)
}

// Arrival is a file that came.
type Arrival struct {
	ID   parcel.ID
	Name string // in the directory
	Size uint64
}

// arrivals is a folder that tells.
type arrivals struct {
	*file.Folder
	told func(Arrival)
}

// Release is exchange.Sink's.
func (a arrivals) Release(ctx context.Context, d exchange.Delivery, name string) error {
	err := a.Folder.Release(ctx, d, name)
	if err == nil && a.told != nil {
		a.told(Arrival{ID: d.Header.ID, Name: name, Size: d.Header.Body.Size})
	}
	return err
}

// Receive takes in what a flow brings for this terminal until ctx ends or, with
// Once, nothing waits any more.
func (t *Terminal) Receive(ctx context.Context, d Download) error {
	if err := file.CheckName(d.Flow); err != nil {
		return err
	}
	into, err := filepath.Abs(d.Into)
	if err != nil {
		return err
	}
	home, err := file.Home(into)
	if err != nil {
		return fault.Wrap(fault.RequestMalformed, err, "the directory to receive into")
	}
	// What a terminal keeps of a delivery lies beside the file itself, in the clear: the
	// key is there so that the ledger has its one form.
	key, err := vault.Load(filepath.Join(home, "vault.key"))
	if err != nil {
		return err
	}
	folder, err := file.NewFolder(durable.Files{Disk: durable.OS()}, into, nil, nil)
	if err != nil {
		return err
	}
	inbox, err := exchange.OpenInbox(ctx, exchange.InboxConfig{Dir: filepath.Join(home, "in", d.Flow), Key: key, Sink: arrivals{folder, d.Arrived}, Log: t.Log})
	if err != nil {
		return err
	}
	err = t.retry(ctx, func(c *session) (bool, error) { return t.fetch(ctx, c, d, inbox) })
	if ctx.Err() != nil && !d.Once {
		err = nil // that is how it ends
	}
	return errors.Join(err, inbox.Close())
}

// fetch asks for files and takes them in while the connection lasts.
func (t *Terminal) fetch(ctx context.Context, c *session, d Download, inbox *exchange.Inbox) (bool, error) {
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	defer all.Wait()
	defer cancel()
	s, err := c.conn.Open(ctx, wire.Interactive)
	if err != nil {
		return false, fault.Wrap(fault.GuardUnavailable, err, "ask for files")
	}
	defer s.Close()
	if err := s.Send(ctx, exchange.FetchMessage(exchange.Fetch{Flow: d.Flow, Once: d.Once})); err != nil {
		return false, fault.Wrap(fault.GuardUnavailable, err, "ask for files")
	}
	all.Go(func() { t.accept(ctx, c, d.Flow, inbox) })
	m, err := s.Receive(ctx)
	switch {
	case errors.Is(err, io.EOF):
		return true, nil
	case err != nil:
		return true, fault.Wrap(fault.GuardUnavailable, err, "wait for files")
	default:
		return false, exchange.DecodeRefusal(m, parcel.ID{})
	}
}

// accept takes deliveries in until the connection ends.
func (t *Terminal) accept(ctx context.Context, c *session, flow string, inbox *exchange.Inbox) {
	var all sync.WaitGroup
	defer all.Wait()
	for {
		s, err := c.conn.Accept(ctx)
		if err != nil {
			return
		}
		all.Go(func() {
			defer s.Close()
			if err := t.take(ctx, c, s, flow, inbox); err != nil && ctx.Err() == nil {
				t.Log.LogAttrs(ctx, slog.LevelWarn, "a file was not taken", slog.Any("error", err))
			}
		})
	}
}

func (t *Terminal) take(ctx context.Context, c *session, s *wire.Stream, flow string, inbox *exchange.Inbox) error {
	m, err := s.Receive(ctx)
	if err != nil {
		return err
	}
	if m.Kind != exchange.KindOffer && m.Kind != exchange.KindRush {
		return fault.New(fault.ParcelMalformed, "a stream that begins with kind %d", m.Kind)
	}
	carried, err := exchange.DecodeCarried(m, m.Kind)
	if err != nil {
		return err
	}
	h, err := parcel.Decode(carried.Header)
	if err != nil {
		return err
	}
	if h.Kind != parcel.Deliver || h.Flow != flow || h.Source != c.front || h.Destination != t.ID {
		err := fault.New(fault.FlowDirection, "%s of flow %q from %s to %s", h.Kind, h.Flow, h.Source, h.Destination)
		return errors.Join(err, exchange.Refuse(ctx, s, h.ID, err))
	}
	return exchange.Accept(ctx, s, m.Kind, carried.Header, h, h.Source, inbox)
}
