// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package exchange

import (
	"context"
	"errors"
	"fmt"
	"io"

	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/wire"
)

// Deliver makes one attempt to send a delivery whose header and label were just
// made, and returns its receipt. body is read with ReadAt. progress, which may be
// nil, is told the bytes that the receiver has or was sent.
func Deliver(ctx context.Context, o Opener, c Carried, h *parcel.Header, out *Outgoing, body io.ReaderAt, progress func(sent uint64)) (Receipt, error) {
	s, err := o.Open(ctx, wire.Bulk)
	if err != nil {
		return Receipt{}, fault.Wrap(fault.GuardUnavailable, err, "open a stream")
	}
	defer s.Close()
	d := delivering{stream: s, header: h, out: out, body: body, progress: progress, links: parcel.Chain(out.Digests, h.Body.Size)}
	receipt, err := d.attempt(ctx, c)
	if err != nil && d.committed && Transient(err) {
		out.Unsure = true
	}
	return receipt, err
}

func (d *delivering) attempt(ctx context.Context, c Carried) (Receipt, error) {
	s, h, out := d.stream, d.header, d.out
	kind := KindRush
	if out.Attempt > 0 || len(out.Digests) > progressEvery {
		kind = KindOffer // it may have come in part, or is worth asking first
	}
	if err := s.Send(ctx, CarriedMessage(kind, c)); err != nil {
		return d.ended(ctx, err)
	}
	from := uint64(0)
	if kind == KindOffer {
		m, err := s.Receive(ctx)
		if err != nil {
			return Receipt{}, interrupted(ctx, err)
		}
		if m.Kind != KindResume {
			return d.end(ctx, m)
		}
		r, err := DecodeResume(m, h.Body)
		if err != nil {
			return Receipt{}, err
		}
		from = r.Chunk
	}
	if err := d.send(ctx, from); err != nil {
		return d.ended(ctx, err)
	}
	m, err := s.Receive(ctx)
	if err != nil {
		return Receipt{}, interrupted(ctx, err)
	}
	return d.end(ctx, m)
}

type delivering struct {
	stream   *wire.Stream
	header   *parcel.Header
	out      *Outgoing
	body     io.ReaderAt
	links    []parcel.Link
	progress func(uint64)

	committed bool // the commit was sent, at least in part
}

// ended prefers what the receiver said to the error of sending on: a refusal comes
// with a reset of what is still being sent.
func (d *delivering) ended(ctx context.Context, err error) (Receipt, error) {
	if errors.Is(err, errRead) {
		return Receipt{}, err
	}
	m, receiveErr := d.stream.Receive(ctx)
	if receiveErr != nil {
		return Receipt{}, interrupted(ctx, err)
	}
	return d.end(ctx, m)
}

func (d *delivering) end(ctx context.Context, m wire.Message) (Receipt, error) {
	drain(ctx, d.stream)
	if m.Kind == KindRefusal {
		return Receipt{}, DecodeRefusal(m, d.header.ID)
	}
	return DecodeReceipt(m, d.header)
}

// errRead says that the spooled body could not be read: the fault is here.
var errRead = errors.New("read the spooled body")

func (d *delivering) send(ctx context.Context, from uint64) error {
	if err := d.stream.Send(ctx, message(KindStart, Start{Chunk: from, Link: d.links[from]})); err != nil {
		return err
	}
	if err := d.skip(ctx, from); err != nil {
		return err
	}
	if err := d.sendChunks(ctx, from); err != nil {
		return err
	}
	d.committed = true
	return d.stream.SendLast(ctx, wire.Message{Kind: KindCommit})
}

// sendChunks sends what the receiver lacks.
func (d *delivering) sendChunks(ctx context.Context, from uint64) error {
	ahead := d.readAhead(from)
	defer ahead.close()
	for i := from; i < uint64(len(d.out.Digests)); i++ {
		p := ahead.next()
		if p.err != nil {
			return p.err
		}
		if err := d.stream.Send(ctx, wire.Message{Kind: KindChunk, Payload: p.payload}); err != nil {
			return err
		}
		if d.progress != nil {
			d.progress(min((i+1)*parcel.ChunkSize, d.header.Body.Size))
		}
	}
	return nil
}

// piece is the payload of one chunk's message.
type piece struct {
	payload []byte
	err     error
}

// ahead reads and opens one chunk while the one before it is being sent.
type ahead struct {
	ready       chan piece
	free        chan []byte
	stop, ended chan struct{}
	before      []byte
}

// readAhead begins at a chunk; its goroutine ends with close.
func (d *delivering) readAhead(from uint64) *ahead {
	a := &ahead{ready: make(chan piece), free: make(chan []byte, 2), stop: make(chan struct{}), ended: make(chan struct{})}
	a.free <- nil
	a.free <- nil
	go func() {
		defer close(a.ended)
		for i := from; i < uint64(len(d.out.Digests)); i++ {
			var p piece
			select {
			case buf := <-a.free:
				p = d.read(i, buf)
			case <-a.stop:
				return
			}
			select {
			case a.ready <- p:
			case <-a.stop:
				return
			}
		}
	}()
	return a
}

// next is the next chunk, valid until the call after.
func (a *ahead) next() piece {
	if a.before != nil {
		a.free <- a.before
	}
	p := <-a.ready
	a.before = p.payload
	return p
}

func (a *ahead) close() {
	close(a.stop)
	<-a.ended
}

// read makes the payload of a chunk in buf, which may be nil.
func (d *delivering) read(chunk uint64, buf []byte) piece {
	size := int(32 + min(parcel.ChunkSize, d.header.Body.Size-chunk*parcel.ChunkSize))
	if cap(buf) < size {
		buf = make([]byte, size)
	}
	buf = buf[:size]
	copy(buf, d.links[chunk+1][:])
	if _, err := d.body.ReadAt(buf[32:], int64(chunk*parcel.ChunkSize)); err != nil && !errors.Is(err, io.EOF) {
		return piece{err: fmt.Errorf("%w: %w", errRead, err)}
	}
	return piece{payload: buf}
}

// skip sends the digests of the chunks that the receiver has, so that the judges
// between can verify the link from the root.
func (d *delivering) skip(ctx context.Context, from uint64) error {
	for end := from; end > 0; {
		n := min(end, maxSkip)
		payload := make([]byte, 0, 32*n)
		for i := range n {
			payload = append(payload, d.out.Digests[end-1-i][:]...)
		}
		if err := d.stream.Send(ctx, wire.Message{Kind: KindSkip, Payload: payload}); err != nil {
			return err
		}
		end -= n
	}
	return nil
}

// Accept takes one delivery in from a stream whose first message, of kind KindOffer
// or KindRush, was received, decoded and found acceptable. It answers on the
// stream; its error is for the log.
func Accept(ctx context.Context, s *wire.Stream, first wire.Kind, raw []byte, h *parcel.Header, subject string, b *Inbox) error {
	in, receipt, err := b.Begin(ctx, raw, h, subject)
	if err != nil {
		return errors.Join(err, Refuse(ctx, s, h.ID, err))
	}
	if receipt != nil {
		return sendReceipt(ctx, s, *receipt)
	}
	defer in.Close()
	if first == KindOffer {
		if err := s.Send(ctx, message(KindResume, Resume{Chunk: in.Position()})); err != nil {
			return err
		}
	}
	got, err := in.take(ctx, s)
	if err != nil {
		return errors.Join(err, Refuse(ctx, s, h.ID, err))
	}
	if err := sendReceipt(ctx, s, got); err != nil {
		return err
	}
	drain(ctx, s)
	return nil
}

func sendReceipt(ctx context.Context, s *wire.Stream, r Receipt) error {
	return s.SendLast(ctx, message(KindReceipt, r))
}

// take receives start, skipped digests, chunks and commit.
func (in *Incoming) take(ctx context.Context, s *wire.Stream) (Receipt, error) {
	for {
		m, err := s.Receive(ctx)
		if err != nil {
			return Receipt{}, interrupted(ctx, err)
		}
		switch m.Kind {
		case KindStart:
			start, err := DecodeStart(m)
			if err != nil {
				return Receipt{}, err
			}
			if err := in.Start(start); err != nil {
				return Receipt{}, err
			}
		case KindSkip: // the link at the position is known here
		case KindChunk:
			next, data, err := DecodeChunk(m)
			if err != nil {
				return Receipt{}, err
			}
			if err := in.Chunk(next, data); err != nil {
				return Receipt{}, err
			}
		case KindCommit:
			return in.Commit(ctx)
		default:
			return Receipt{}, fault.New(fault.ParcelMalformed, "message of kind %d in a delivery", m.Kind)
		}
	}
}
