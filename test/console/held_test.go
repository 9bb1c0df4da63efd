// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package console

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"testing"

	"dukou.dev/dukou/internal/demo"
	"dukou.dev/dukou/internal/exchange"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/vault"
)

// held are files that their receiver refuses, each released by one test of the console.
func held() []string { return []string{"七月批量.xlsx", "july.xlsx", "stays.xlsx"} }

// quarantine makes files lie in the quarantine of the intranet front. The front before it
// refuses them already by the same rules, as in a sound installation; so they are put into
// the front's inbox while it does not run, as when the rules had changed on their way.
func quarantine(ctx context.Context, t *testing.T, d *demo.Demo) {
	t.Helper()
	if err := d.Stop(ctx, demo.FrontIntranet); err != nil {
		t.Fatal(err)
	}
	err := refuse(ctx, d.Installation.Layout)
	if err := errors.Join(err, d.Launch(demo.FrontIntranet), d.WaitReady(ctx)); err != nil {
		t.Fatal(err)
	}
}

func refuse(ctx context.Context, l demo.Layout) error {
	key, err := vault.Load(filepath.Join(l.State(demo.FrontIntranet), "vault.key"))
	if err != nil {
		return err
	}
	inbox, err := exchange.OpenInbox(ctx, exchange.InboxConfig{
		Dir: filepath.Join(l.Batch(), "requests", ".dukou", "in", "batch-request"), Key: key, Sink: picky{}, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return err
	}
	for _, name := range held() {
		if err := give(ctx, inbox, name); fault.CodeOf(err) != fault.ContentType {
			return errors.Join(errors.New("a file is not refused"), err, inbox.Close())
		}
	}
	return inbox.Close()
}

// give delivers a file as the front does that has taken it.
func give(ctx context.Context, inbox *exchange.Inbox, name string) error {
	content := []byte("the content of " + name)
	var body parcel.Hasher
	if _, err := body.Write(content); err != nil {
		return err
	}
	fields, err := parcel.EncodeRecord(parcel.Record{"form": "file", "name": name, "size": int64(len(content)), "modified": int64(1782864000000)})
	if err != nil {
		return err
	}
	h := &parcel.Header{
		Version: parcel.Version, Suite: parcel.SuiteIntl, Kind: parcel.Deliver, ID: parcel.NewID(), Flow: "batch-request", FromZone: demo.ZoneOuter, ToZone: demo.ZoneInner,
		Source: demo.FrontInternet, Destination: demo.FrontIntranet, Guard: demo.GuardName, Term: 1, Bundle: 1, Fields: fields,
	}
	var digests []parcel.ChunkDigest
	h.Body, digests = body.Sum()
	raw, err := h.Encode()
	if err != nil {
		return err
	}
	in, _, err := inbox.Begin(ctx, raw, h, "intranet/batch")
	if err != nil {
		return err
	}
	defer in.Close()
	links := parcel.Chain(digests, h.Body.Size)
	if err := errors.Join(in.Start(exchange.Start{Link: links[0]}), in.Chunk(links[1], bytes.Clone(content))); err != nil {
		return err
	}
	_, err = in.Commit(ctx)
	return err
}

// picky refuses everything, as a front does whose flow allows other extensions.
type picky struct{}

func (picky) Place(context.Context, exchange.Delivery) (string, error) {
	return "", fault.New(fault.ContentType, "none of the extensions [\".csv\"]")
}

func (picky) Release(context.Context, exchange.Delivery, string) error { return nil }
