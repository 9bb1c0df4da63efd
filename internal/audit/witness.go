// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"sync"
	"time"

	"dukou.dev/dukou/internal/durable"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// WitnessConfig says whose checkpoints are witnessed and with which key.
type WitnessConfig struct {
	Dir   string
	Name  string             // of the witness and of its key
	Key   ed25519.PrivateKey // used for nothing else
	Keys  note.Verifiers     // of the origins
	Clock func() time.Time   // nil means time.Now
	Disk  durable.Disk       // nil means that of the operating system
}

const conflictName = "conflict" // beside the checkpoint, which is there

// Witness keeps, for each origin, the latest checkpoint that continued all it
// had seen, and cosigns it (C2SP tlog-cosignature v1). The first one of an
// origin is taken as it is.
type Witness struct {
	c    WitnessConfig
	key  *cosigner
	lock io.Closer

	mu   sync.Mutex
	kept map[string]*kept // by origin, as on the disk, which nobody else writes
}

// kept is the latest checkpoint of one origin.
type kept struct {
	file     headFile
	checked  []byte // as it came, its signature verified; nil for what a former life kept
	cosigned []byte // nil: there is none yet
	head     Checkpoint
}

// OpenWitness opens or makes the witness in c.Dir.
func OpenWitness(c WitnessConfig) (*Witness, error) {
	if err := checkName(c.Name); err != nil {
		return nil, err
	}
	if len(c.Key) != ed25519.PrivateKeySize || c.Keys == nil {
		return nil, errors.New("audit: a witness needs a key and the keys of its origins")
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Disk == nil {
		c.Disk = durable.OS()
	}
	if err := durable.MkdirAllOn(c.Disk, c.Dir, 0o700); err != nil {
		return nil, err
	}
	lock, err := c.Disk.Lock(filepath.Join(c.Dir, "lock"))
	if err != nil {
		return nil, fmt.Errorf("open witness: %w", err)
	}
	public := c.Key.Public().(ed25519.PublicKey)
	key := &cosigner{name: c.Name, public: public, key: c.Key, clock: c.Clock}
	return &Witness{c: c, key: key, lock: lock, kept: map[string]*kept{}}, nil
}

// Update takes a checkpoint of an origin, with the proof that it continues the
// one that Latest returns (see [Journal.Consistency]), and returns it cosigned;
// by then it is on the disk. One that is kept already is returned as it was cosigned. Otherwise:
// [ErrSignature], [ErrCheckpoint]: nothing is known of the origin;
// [ErrRollback]: the checkpoint is older than the one that is kept;
// [ErrFork]: the origin has signed two logs. That checkpoint is kept as evidence;
// [ErrUnproven]: the proof does not show that it continues the one that is kept,
// because the proof is bad or because of a fork.
func (w *Witness) Update(checkpoint []byte, proof tlog.TreeProof) ([]byte, error) {
	c, err := ParseCheckpoint(checkpoint)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if k := w.kept[c.Origin]; k != nil && k.checked != nil && bytes.Equal(k.checked, checkpoint) {
		return k.cosigned, nil
	}
	if c, err = OpenCheckpoint(checkpoint, w.c.Keys); err != nil {
		return nil, err
	}
	k, err := w.load(c.Origin)
	if err != nil {
		return nil, err
	}
	if k.cosigned != nil {
		if err := continues(k.head, c, proof); err != nil {
			return nil, errors.Join(fmt.Errorf("witness of %s: %w", clip(c.Origin), err), w.evidence(c.Origin, checkpoint, err))
		}
	}
	if k.cosigned == nil || c.Size > k.head.Size {
		if err := w.keep(k, c, checkpoint); err != nil {
			return nil, err
		}
	}
	k.checked = bytes.Clone(checkpoint)
	return k.cosigned, nil
}

// keep makes a checkpoint the one that is kept.
func (w *Witness) keep(k *kept, c Checkpoint, checkpoint []byte) error {
	cosigned, err := w.cosign(checkpoint)
	if err != nil {
		return err
	}
	if k.cosigned == nil {
		if err := durable.MkdirAllOn(w.c.Disk, filepath.Dir(k.file.name), 0o700); err != nil {
			return err
		}
	}
	if err := k.file.replace(cosigned); err != nil {
		return err
	}
	k.cosigned, k.head = cosigned, c
	w.kept[c.Origin] = k
	return nil
}

func continues(last, c Checkpoint, proof tlog.TreeProof) error {
	switch {
	case c.Size < last.Size:
		return fmt.Errorf("%w: size %d, and %d is kept", ErrRollback, c.Size, last.Size)
	case c.Size == last.Size && c.Root != last.Root:
		return fmt.Errorf("%w: two roots at size %d", ErrFork, c.Size)
	case c.Size == last.Size || last.Size == 0:
		return nil
	}
	if err := tlog.CheckTree(proof, int64(c.Size), c.Root, int64(last.Size), last.Root); err != nil {
		return fmt.Errorf("%w: from size %d to %d: %w", ErrUnproven, last.Size, c.Size, err)
	}
	return nil
}

// cosign drops all signatures but those of the origin, and adds one.
func (w *Witness) cosign(checkpoint []byte) ([]byte, error) {
	n, err := note.Open(checkpoint, w.c.Keys)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	n.UnverifiedSigs = nil
	cosigned, err := note.Sign(n, w.key)
	if err != nil {
		return nil, fmt.Errorf("cosign: %w", err)
	}
	return cosigned, nil
}

// Latest returns the checkpoint of origin that is kept, cosigned, and what it
// says; nil if there is none.
func (w *Witness) Latest(origin string) ([]byte, Checkpoint, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	k, err := w.load(origin)
	if err != nil {
		return nil, Checkpoint{}, err
	}
	return k.cosigned, k.head, nil
}

// load reads what is kept of an origin, once.
func (w *Witness) load(origin string) (*kept, error) {
	if k := w.kept[origin]; k != nil {
		return k, nil
	}
	k := &kept{file: headFile{files: durable.Files{Disk: w.c.Disk}, name: w.file(origin, checkpointName)}}
	var err error
	if k.cosigned, err = w.read(origin, checkpointName); err != nil {
		return nil, err
	}
	if k.cosigned == nil {
		return k, nil // not remembered: who asks may name what it likes
	}
	if k.head, err = OpenCheckpoint(k.cosigned, w.c.Keys); err != nil {
		return nil, fmt.Errorf("witness of %s: %w", clip(origin), err)
	}
	w.kept[origin] = k
	return k, nil
}

// evidence keeps the first checkpoint that contradicts the one that is kept.
func (w *Witness) evidence(origin string, checkpoint []byte, why error) error {
	if !errors.Is(why, ErrFork) {
		return nil
	}
	kept, err := w.read(origin, conflictName)
	if err != nil || kept != nil {
		return err
	}
	return durable.WriteFileOn(w.c.Disk, w.file(origin, conflictName), checkpoint, 0o600)
}

// Conflict returns the first checkpoint of origin that contradicted the one kept, nil if none did.
func (w *Witness) Conflict(origin string) ([]byte, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.read(origin, conflictName)
}

func (w *Witness) file(origin, name string) string {
	return filepath.Join(w.c.Dir, fileName(origin), name)
}

func (w *Witness) read(origin, name string) ([]byte, error) {
	b, err := durable.ReadFileOn(w.c.Disk, w.file(origin, name), MaxCheckpoint)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return b, err
}

// Close gives back the lock.
func (w *Witness) Close() error { return w.lock.Close() }
