// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package center

import (
	"context"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/authority"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/vault"
)

// Log is an audit log that is here: this center's own, or the copy of another's.
type Log struct {
	Origin string // as audit.Origin names it
	Dir    string
}

// Logs are all logs that are here, by name, also of components that are no more.
func (c *Center) Logs() []Log {
	list := []Log{{audit.Origin(c.id), filepath.Join(c.State, "audit")}}
	copies, err := os.ReadDir(audit.MirrorDir(c.State, ""))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		c.Log.Error("the copies of the logs cannot be listed", "error", err)
	}
	for _, e := range copies {
		if origin, err := url.PathUnescape(e.Name()); err == nil && origin != "" {
			list = append(list, Log{origin, audit.MirrorDir(c.State, origin)})
		}
	}
	slices.SortFunc(list, func(a, b Log) int { return strings.Compare(a.Origin, b.Origin) })
	return list
}

// Records are at most max records of a log from an index on.
func (c *Center) Records(origin string, from uint64, max int) ([]audit.Record, error) {
	if origin == audit.Origin(c.id) {
		return c.Journal.Read(from, max)
	}
	return c.mirror.Read(origin, from, max)
}

// Witnessed is the latest checkpoint of a log that a witness has cosigned, nil for none:
// this center witnesses the others' logs, and the inner half witnesses this center's.
func (c *Center) Witnessed(origin string) []byte {
	if origin == audit.Origin(c.id) {
		data, err := os.ReadFile(WitnessedFile(c.State, c.id))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			c.Log.Error("what the inner half has witnessed cannot be read", "error", err)
		}
		return data
	}
	signed, _, err := c.witness.Latest(origin)
	if err != nil {
		c.Log.Error("what was witnessed cannot be read", "log", origin, "error", err)
	}
	return signed
}

// DetailKey has the signer give the key that a component's audit details are sealed
// with, which the signer records.
func (c *Center) DetailKey(ctx context.Context, component string, id audit.KeyID) (vault.Key, error) {
	if id.Day < 0 {
		return vault.Key{}, problem.New(problem.Unknown, "details of %s from before its first lease are under the key of its own disk", component)
	}
	return c.Signer.DetailKey(ctx, authority.WantDetailKey{Component: component, Class: id.Class, Day: uint64(id.Day)})
}

// InForce is the policy in force, nil before the first one.
func (c *Center) InForce() *policy.Policy { return c.keeper.Current() }

// OpenOwn opens the detail of an entry of this center's own, with the keys that it has
// sealed it with.
func (c *Center) OpenOwn(content *audit.Content) error {
	id, sealed := content.Sealed()
	if !sealed {
		return nil
	}
	if id.Day == audit.NoDay {
		return content.Open(audit.DetailSealer(c.local))
	}
	key, ok := c.keys.Detail(id.Class, uint64(id.Day))
	if !ok {
		return audit.ErrNoKey
	}
	return content.Open(audit.DetailSealer(key))
}

// NextRecord is the index that the next record of a log will have.
func (c *Center) NextRecord(origin string) (uint64, error) {
	if origin == audit.Origin(c.id) {
		return c.Journal.Next(), nil
	}
	return c.mirror.Next(origin)
}
