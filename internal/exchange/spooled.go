// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package exchange

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"

	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/vault"
)

const (
	// inlineBody is the largest body, in bytes, that goes into its record.
	inlineBody = 64 << 10
	// maxInline bounds the bodies of records that an outbox holds in memory, in bytes.
	// What does not fit gets a file.
	maxInline = 16 << 20
	// takers bounds the bodies that are taken into files at once: each needs three chunks
	// of memory.
	takers = 4
	// syncEvery is after how many chunks a spooled body begins to go to the disk.
	syncEvery = 32
)

// buffers are what it takes to take a body into a file: one chunk is hashed while the
// one before it is sealed and written.
type buffers struct{ chunks [2][]byte }

func newBuffers() chan *buffers {
	c := make(chan *buffers, takers)
	for range takers {
		c <- &buffers{}
	}
	return c
}

// taken is a body that was taken in.
type taken struct {
	body    parcel.Body
	digests []parcel.ChunkDigest
	inline  []byte // nil where it has a file
}

// takeIn reads a body to its end, into memory if it is small and else into a durable
// file. size is how much to expect at most.
func (o *Outbox) takeIn(id parcel.ID, body io.Reader, size int64) (taken, error) {
	head := make([]byte, min(inlineBody, size)+1)
	n, err := io.ReadFull(body, head)
	ended := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
	if err != nil && !ended {
		return taken{}, err
	}
	if ended && o.reserve(n) {
		if n < len(head)/2 {
			head = bytes.Clone(head[:n]) // less was expected than there was room for
		}
		t := taken{inline: head[:n:n]}
		t.body.Size = uint64(n)
		if n > 0 {
			t.digests = []parcel.ChunkDigest{parcel.DigestChunk(t.inline)}
		}
		t.body.Root = parcel.Chain(t.digests, t.body.Size)[0]
		return t, nil
	}
	return o.takeFile(id, io.MultiReader(bytes.NewReader(head[:n]), body))
}

// reserve makes room in memory for a small body.
func (o *Outbox) reserve(n int) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if n > inlineBody || o.inline+n > maxInline {
		return false
	}
	o.inline += n
	return true
}

func (o *Outbox) takeFile(id parcel.ID, body io.Reader) (taken, error) {
	name := o.path(id, bodyExt)
	f, err := o.files.Disk.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return taken{}, err
	}
	t, err := o.sealAll(f, id, body)
	if err != nil {
		return taken{}, errors.Join(err, f.Close(), o.files.Disk.Remove(name))
	}
	// The body and its name must be there whenever the record is: one fdatasync of its
	// own, and one sync of the directory that all share.
	named := o.sync.Start()
	o.files.Sync(f, name)
	if err := errors.Join(f.Close(), named.Wait()); err != nil {
		return taken{}, errors.Join(err, o.files.Disk.Remove(name))
	}
	return t, nil
}

// sealAll hashes and seals a body chunk by chunk. What is written goes to the disk
// beside that, so that little is left for the last sync.
func (o *Outbox) sealAll(f durable.File, id parcel.ID, body io.Reader) (t taken, err error) {
	w, err := o.key.NewWriter(f, "outbox "+id.String())
	if err != nil {
		return t, err
	}
	b := <-o.large
	defer func() { o.large <- b }()
	var sealing, syncing *sideTask
	defer func() { err = errors.Join(err, sealing.wait(), syncing.wait()) }()
	for i := 0; ; i++ {
		chunk := b.chunk(i)
		n, readErr := io.ReadFull(body, chunk)
		if n > 0 {
			t.digests = append(t.digests, parcel.DigestChunk(chunk[:n]))
		}
		if t.body.Size += uint64(n); t.body.Size > MaxBody {
			return t, fault.New(fault.ContentTooLarge, "more than %d bytes", int64(MaxBody))
		}
		if err := sealing.wait(); err != nil {
			return t, err
		}
		if i > 0 && i%syncEvery == 0 {
			_ = syncing.wait() // it has no error: a sync that fails ends the process
			syncing = aside(o.files, func() error { o.files.Sync(f, id.String()+bodyExt); return nil })
		}
		if n > 0 {
			sealing = aside(o.files, func() error { return w.Chunk(chunk[:n]) })
		}
		if errors.Is(readErr, io.EOF) || errors.Is(readErr, io.ErrUnexpectedEOF) {
			t.body.Root = parcel.Chain(t.digests, t.body.Size)[0]
			return t, nil
		}
		if readErr != nil {
			return t, readErr
		}
	}
}

// chunk is the buffer of the i-th chunk.
func (b *buffers) chunk(i int) []byte {
	if b.chunks[i%2] == nil {
		b.chunks[i%2] = make([]byte, parcel.ChunkSize)
	}
	return b.chunks[i%2]
}

// discard removes a body that got no record.
func (o *Outbox) discard(id parcel.ID, t taken) error {
	if t.inline != nil {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.inline -= len(t.inline)
		return nil
	}
	return o.files.Disk.Remove(o.path(id, bodyExt))
}

// letGo forgets a delivery and its body.
func (o *Outbox) letGo(id parcel.ID) error {
	o.mu.Lock()
	o.inline -= o.live[id].inline
	delete(o.live, id)
	o.mu.Unlock()
	if err := o.files.Disk.Remove(o.path(id, bodyExt)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Body is a spooled body, to be read in the clear. It is for one goroutine.
type Body struct {
	io.ReaderAt
	size int64
	file io.Closer // nil where there is none
}

// Size is how many bytes the body has.
func (b *Body) Size() int64 { return b.size }

// Close ends the reading.
func (b *Body) Close() error {
	if b.file == nil {
		return nil
	}
	return b.file.Close()
}

// OpenBody opens the body of a delivery that has not ended.
func (o *Outbox) OpenBody(out *Outgoing) (*Body, error) {
	if out.inline != nil {
		return &Body{ReaderAt: bytes.NewReader(out.inline), size: int64(len(out.inline))}, nil
	}
	return openSealed(o.files.Disk, o.path(out.ID, bodyExt), o.key, "outbox "+out.ID.String())
}

// openSealed opens a body that was sealed into a file under a name.
func openSealed(disk durable.Disk, path string, key vault.Key, name string) (*Body, error) {
	f, err := disk.OpenFile(path, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	length, err := f.Size()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	r, err := key.NewReader(f, length, name)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &Body{ReaderAt: r, size: r.Size(), file: f}, nil
}
