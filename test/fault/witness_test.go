// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package fault

import (
	"bytes"
	"os"
	"slices"
	"sync"
	"time"

	"dukou.dev/dukou/internal/demo"
)

// checkpoints collects every checkpoint that a witness is seen to keep.
type checkpoints struct {
	rig  *rig
	mu   sync.Mutex
	seen map[string][][]byte // by component
	done chan struct{}
	end  chan struct{}
}

// witnessLook is how often the witnesses' files are looked at.
const witnessLook = 200 * time.Millisecond

func watchWitnesses(r *rig) *checkpoints {
	c := &checkpoints{rig: r, seen: map[string][][]byte{}, done: make(chan struct{}), end: make(chan struct{})}
	go func() { // ends with stop
		defer close(c.done)
		tick := time.NewTicker(witnessLook)
		defer tick.Stop()
		for {
			c.look()
			select {
			case <-c.end:
				return
			case <-tick.C:
			}
		}
	}()
	return c
}

func (c *checkpoints) stop() {
	close(c.end)
	<-c.done
}

func (c *checkpoints) look() {
	for _, name := range demo.Components() {
		data, err := os.ReadFile(c.rig.witnessed(name))
		if err != nil {
			continue // not there yet
		}
		c.mu.Lock()
		if list := c.seen[name]; len(list) == 0 || !bytes.Equal(list[len(list)-1], data) {
			c.seen[name] = append(list, data)
		}
		c.mu.Unlock()
	}
}

func (c *checkpoints) of(name string) [][]byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.seen[name])
}
