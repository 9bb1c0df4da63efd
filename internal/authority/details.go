// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package authority

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/durable"
)

// The keys of audit details are random, and here alone for good: a key that is
// destroyed takes with it every detail that was sealed under it, wherever copies are.
// The file of a component is a list of version, and for each retention class its name,
// the day (since 1970) before which keys were destroyed, and the keys by day.
const (
	detailsDir     = "details"
	detailsSuffix  = ".keys"
	detailsVersion = 1
	maxDetailsFile = 8 << 20 // a class for three centuries
)

// ErrDestroyed says that the key of a day was destroyed.
var ErrDestroyed = errors.New("authority: the keys of that day were destroyed")

// detailKeys are the keys of one component's details.
type detailKeys struct {
	_       struct{} `cbor:",toarray"`
	Version uint64
	Classes []classKeys
}

type classKeys struct {
	_     struct{} `cbor:",toarray"`
	Name  string
	Floor uint64 // keys of earlier days are destroyed
	Days  []dayKey
}

type dayKey struct {
	_   struct{} `cbor:",toarray"`
	Day uint64
	Key [32]byte
}

func (a *Authority) detailsFile(component string) string {
	return filepath.Join(a.dir, detailsDir, component+detailsSuffix)
}

// loadDetails reads a component's keys; it has none before its first lease.
func (a *Authority) loadDetails(component string) (detailKeys, error) {
	k := detailKeys{Version: detailsVersion}
	data, err := durable.ReadFileOn(durable.OS(), a.detailsFile(component), maxDetailsFile)
	if errors.Is(err, fs.ErrNotExist) {
		return k, nil
	}
	if err == nil {
		err = canon.Unmarshal(data, &k)
	}
	if err == nil && k.Version != detailsVersion {
		err = fmt.Errorf("version %d", k.Version)
	}
	if err != nil {
		return k, fmt.Errorf("detail keys of %q: %w", component, err)
	}
	return k, nil
}

// detailed are the components that have detail keys, admitted today or not.
func (a *Authority) detailed() ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(a.dir, detailsDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), detailsSuffix); ok {
			names = append(names, name)
		}
	}
	return names, nil
}

func (a *Authority) storeDetails(component string, k detailKeys) error {
	if err := durable.MkdirAll(filepath.Join(a.dir, detailsDir), 0o700); err != nil {
		return err
	}
	return durable.WriteFile(a.detailsFile(component), canon.Must(k), 0o600)
}

func (k *detailKeys) class(name string) *classKeys {
	for i := range k.Classes {
		if k.Classes[i].Name == name {
			return &k.Classes[i]
		}
	}
	k.Classes = append(k.Classes, classKeys{Name: name})
	return &k.Classes[len(k.Classes)-1]
}

// on is the key of a day, nil for none.
func (c *classKeys) on(day uint64) *dayKey {
	for i := range c.Days {
		if c.Days[i].Day == day {
			return &c.Days[i]
		}
	}
	return nil
}

// make draws the keys of the days that have none, but for destroyed ones, and says
// whether there were any.
func (c *classKeys) make(first, last uint64) bool {
	drawn := false
	for day := max(first, c.Floor); day <= last; day++ {
		if c.on(day) == nil {
			k := dayKey{Day: day}
			_, _ = rand.Read(k.Key[:]) // never fails
			c.Days, drawn = append(c.Days, k), true
		}
	}
	return drawn
}

// leaseDetails gives the keys of a component's details for each day from first to last.
func (a *Authority) leaseDetails(component string, first, last uint64) ([][]byte, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	k, err := a.loadDetails(component)
	if err != nil {
		return nil, err
	}
	class := k.class(audit.Decisions)
	if class.make(first, last) {
		if err := a.storeDetails(component, k); err != nil { // before anything is sealed with them
			return nil, err
		}
	}
	keys := make([][]byte, 0, last-first+1)
	for day := first; day <= last; day++ {
		var key []byte
		if held := class.on(day); held != nil {
			key = held.Key[:]
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// DetailKey gives a key to one who may read a component's details. Whoever calls it
// records that first.
func (a *Authority) DetailKey(w WantDetailKey) ([]byte, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	all, err := a.detailed()
	if err != nil {
		return nil, err
	}
	if !slices.Contains(all, w.Component) {
		return nil, fmt.Errorf("%q has no detail keys", w.Component)
	}
	k, err := a.loadDetails(w.Component)
	if err != nil {
		return nil, err
	}
	class := k.class(w.Class)
	if w.Day < class.Floor {
		return nil, ErrDestroyed
	}
	held := class.on(w.Day)
	if held == nil {
		return nil, fmt.Errorf("%q has no key of class %q on day %d", w.Component, w.Class, w.Day)
	}
	return held.Key[:], nil
}

// Destroy destroys the detail keys of a retention class, of every component, for the
// days (since 1970) before one that must not be in the future. Nobody can read what
// was sealed with them any more, but for a component that still has a lease from one of
// those days, until its next. The logs still verify.
func (a *Authority) Destroy(class string, before uint64, now time.Time) error {
	if before > uint64(now.Unix()/(24*3600)) {
		return fmt.Errorf("day %d is not over", before)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	all, err := a.detailed()
	if err != nil {
		return err
	}
	for _, component := range all {
		k, err := a.loadDetails(component)
		if err != nil {
			return err
		}
		c := k.class(class)
		kept := c.Days[:0]
		for _, day := range c.Days {
			if day.Day >= before {
				kept = append(kept, day)
			}
		}
		c.Days, c.Floor = kept, max(c.Floor, before)
		if err := a.storeDetails(component, k); err != nil {
			return err
		}
	}
	return nil
}
