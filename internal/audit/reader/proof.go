// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/durable"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// A proof is a text as C2SP tlog-proof says, with the leaf as extra data.
const (
	proofHeader = "c2sp.org/tlog-proof@v1"
	maxProof    = 128 << 10
	maxHashes   = 64
)

// What is wrong with a proof.
var (
	ErrProof    = errors.New("audit: malformed proof")
	ErrNotInLog = errors.New("audit: the proof does not show that the entry is in the log")
)

// Proof is a proof in parts. [CheckProof] says whether it proves anything.
type Proof struct {
	Index      uint64
	Leaf       []byte
	Hashes     tlog.RecordProof
	Checkpoint []byte
}

// Prove returns a proof that entry index is in the journal or mirror in dir. It
// needs nothing else to be checked but the key of the origin.
func Prove(dir string, index uint64) ([]byte, error) { return ProveOn(durable.OS(), dir, index) }

// ProveOn is [Prove] on the disk d.
func ProveOn(d durable.Disk, dir string, index uint64) ([]byte, error) {
	signed, err := audit.ReadCheckpoint(d, dir)
	if err != nil {
		return nil, err
	}
	return proveUnder(d, dir, index, signed)
}

// ProveUnder is [Prove] under a checkpoint of the log that is not its latest, such as one
// that a witness has cosigned.
func ProveUnder(dir string, index uint64, checkpoint []byte) ([]byte, error) {
	return proveUnder(durable.OS(), dir, index, checkpoint)
}

func proveUnder(d durable.Disk, dir string, index uint64, signed []byte) ([]byte, error) {
	head, err := audit.ParseCheckpoint(signed)
	if err != nil {
		return nil, err
	}
	if index >= head.Size {
		return nil, fmt.Errorf("prove: entry %d is not covered by the checkpoint over %d entries", index, head.Size)
	}
	tree := tlog.Tree{N: int64(head.Size), Hash: head.Root}
	hashes, err := tlog.ProveRecord(tree.N, int64(index), tlog.TileHashReader(tree, audit.OpenTiles(d, dir)))
	if err != nil {
		return nil, fmt.Errorf("prove entry %d: %w", index, err)
	}
	content, err := readOne(d, dir, index)
	if err != nil {
		return nil, fmt.Errorf("prove entry %d: %w", index, err)
	}
	if err := tlog.CheckRecord(hashes, tree.N, tree.Hash, int64(index), content.Hash()); err != nil {
		return nil, fmt.Errorf("prove entry %d: %w: it is not the one that was signed", index, ErrNotInLog)
	}
	p := Proof{Index: index, Leaf: content.Bytes, Hashes: hashes, Checkpoint: signed}
	return p.encode(), nil
}

func readOne(d durable.Disk, dir string, index uint64) (content audit.Content, err error) {
	found := false
	_, err = durable.Scan(d, filepath.Join(dir, journalDir), index, audit.MaxRecord, func(_ uint64, raw []byte) error {
		var derr error
		if content, derr = audit.DecodeRecord(raw); derr != nil {
			return derr
		}
		found = true
		return durable.ErrStop
	})
	if err == nil && !found {
		err = errors.New("it is not in the journal")
	}
	return content, err
}

func (p *Proof) encode() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\nextra %s\nindex %d\n", proofHeader, base64.StdEncoding.EncodeToString(p.Leaf), p.Index)
	for _, h := range p.Hashes {
		fmt.Fprintf(&b, "%s\n", base64.StdEncoding.EncodeToString(h[:]))
	}
	b.WriteByte('\n')
	b.Write(p.Checkpoint)
	return b.Bytes()
}

// ParseProof takes a proof apart. It accepts only what Prove writes.
func ParseProof(proof []byte) (Proof, error) {
	if len(proof) > maxProof {
		return Proof{}, fmt.Errorf("%w: %d bytes", ErrProof, len(proof))
	}
	head, checkpoint, ok := strings.Cut(string(proof), "\n\n")
	lines := strings.Split(head, "\n")
	if !ok || len(lines) < 3 || lines[0] != proofHeader || len(lines) > 3+maxHashes {
		return Proof{}, fmt.Errorf("%w: not its head and a checkpoint", ErrProof)
	}
	p := Proof{Checkpoint: []byte(checkpoint)}
	if err := p.parseHead(lines[1], lines[2]); err != nil {
		return Proof{}, err
	}
	for _, line := range lines[3:] {
		b, err := base64.StdEncoding.Strict().DecodeString(line)
		if err != nil || len(b) != tlog.HashSize {
			return Proof{}, fmt.Errorf("%w: not a hash", ErrProof)
		}
		p.Hashes = append(p.Hashes, tlog.Hash(b))
	}
	if !bytes.Equal(p.encode(), proof) {
		return Proof{}, fmt.Errorf("%w: not in its one form", ErrProof)
	}
	return p, nil
}

func (p *Proof) parseHead(extra, index string) error {
	text, ok := strings.CutPrefix(extra, "extra ")
	leaf, err := base64.StdEncoding.Strict().DecodeString(text)
	if !ok || err != nil {
		return fmt.Errorf("%w: no leaf", ErrProof)
	}
	text, ok = strings.CutPrefix(index, "index ")
	n, err := strconv.ParseUint(text, 10, 63)
	if !ok || err != nil {
		return fmt.Errorf("%w: no index", ErrProof)
	}
	p.Leaf, p.Index = leaf, n
	return nil
}

// CheckProof returns nil if proof shows that its leaf is in the log that one of
// keys signed. It reads no file. What the leaf says is then [ParseProof]'s Leaf,
// decoded with audit.DecodeLeaf.
func CheckProof(proof []byte, keys note.Verifiers) error {
	p, err := ParseProof(proof)
	if err != nil {
		return err
	}
	head, err := audit.OpenCheckpoint(p.Checkpoint, keys)
	if err != nil {
		return err
	}
	leaf, err := audit.DecodeLeaf(p.Leaf)
	if err != nil {
		return err
	}
	if leaf.Component != head.Origin {
		return fmt.Errorf("%w: the leaf is of another component", ErrNotInLog)
	}
	if p.Index >= head.Size {
		return fmt.Errorf("%w: the checkpoint covers %d entries", ErrNotInLog, head.Size)
	}
	if err := tlog.CheckRecord(p.Hashes, int64(head.Size), head.Root, int64(p.Index), tlog.RecordHash(p.Leaf)); err != nil {
		return fmt.Errorf("%w: %w", ErrNotInLog, err)
	}
	return nil
}
