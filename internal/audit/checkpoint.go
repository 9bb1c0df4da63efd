// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// MaxCheckpoint is the most bytes of a signed checkpoint.
const MaxCheckpoint = 64 << 10

// What can be wrong with a checkpoint.
var (
	ErrCheckpoint = errors.New("audit: malformed checkpoint")
	ErrSignature  = errors.New("audit: the checkpoint has no good signature of its origin")
	ErrFork       = errors.New("audit: the log contradicts what it said before")
	ErrRollback   = errors.New("audit: the log is shorter than it said before")
)

// Checkpoint is a tree head: the first three lines of a C2SP tlog-checkpoint.
type Checkpoint struct {
	Origin string
	Size   uint64
	Root   tlog.Hash
}

// text is what is signed.
func (c Checkpoint) text() string {
	return fmt.Sprintf("%s\n%d\n%s\n", c.Origin, c.Size, base64.StdEncoding.EncodeToString(c.Root[:]))
}

// ParseCheckpoint reads the text of a checkpoint, signed or not. It verifies nothing.
// Extension lines are refused: no log of ours makes them.
func ParseCheckpoint(msg []byte) (Checkpoint, error) {
	var c Checkpoint
	if len(msg) > MaxCheckpoint {
		return c, fmt.Errorf("%w: %d bytes", ErrCheckpoint, len(msg))
	}
	text, _, _ := strings.Cut(string(msg), "\n\n")
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if len(lines) != 3 || lines[0] == "" || len(lines[0]) > MaxString {
		return c, fmt.Errorf("%w: not an origin, a size and a root", ErrCheckpoint)
	}
	size, err := strconv.ParseInt(lines[1], 10, 63)
	if err != nil || strconv.FormatInt(size, 10) != lines[1] || size < 0 {
		return c, fmt.Errorf("%w: the size is not a number", ErrCheckpoint)
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return c, fmt.Errorf("%w: the root is not a hash", ErrCheckpoint)
	}
	return Checkpoint{Origin: lines[0], Size: uint64(size), Root: tlog.Hash(root)}, nil
}

// OpenCheckpoint reads a checkpoint that one of the keys, whose name is the
// origin, has signed. Signatures of keys that are not given are not looked at.
func OpenCheckpoint(msg []byte, keys note.Verifiers) (Checkpoint, error) {
	c, err := ParseCheckpoint(msg)
	if err != nil {
		return Checkpoint{}, err
	}
	n, err := note.Open(msg, keys)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	if n.Text != c.text() {
		return Checkpoint{}, fmt.Errorf("%w: not in its one form", ErrCheckpoint)
	}
	for _, s := range n.Sigs {
		if s.Name == c.Origin {
			return c, nil
		}
	}
	return Checkpoint{}, ErrSignature
}
