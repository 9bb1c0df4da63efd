// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"sync"

	"dukou.dev/dukou/internal/durable"

	"golang.org/x/mod/sumdb/tlog"
)

const maxLeaves = 16 << 10 // hashes kept; who falls further behind reads the records back

// leaves are the hashes of the last entries, as far as the tree does not have them. So
// it need not read back what was just written.
type leaves struct {
	mu     sync.Mutex
	from   uint64 // index of the first
	hashes []tlog.Hash
}

// append puts a record into the log, and its hash here, in the same order.
func (l *leaves) append(log *durable.Log, raw []byte, hash tlog.Hash) durable.Commit {
	l.mu.Lock()
	defer l.mu.Unlock()
	commit := log.AppendLazy(raw)
	if commit.Done() == nil {
		return commit
	}
	if len(l.hashes) == maxLeaves {
		l.hashes = nil
	}
	if len(l.hashes) == 0 {
		l.from = commit.Index
	}
	l.hashes = append(l.hashes, hash)
	return commit
}

// take gives away the hashes below end, the first of which is that of entry from. There
// may be none: from is end then.
func (l *leaves) take(end uint64) (from uint64, hashes []tlog.Hash) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.hashes) == 0 || l.from >= end {
		return end, nil
	}
	from = l.from
	n := min(end-from, uint64(len(l.hashes)))
	hashes, l.hashes, l.from = l.hashes[:n:n], l.hashes[n:], from+n
	if len(l.hashes) == 0 {
		l.hashes = nil
	}
	return from, hashes
}
