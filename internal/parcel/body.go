// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package parcel

import (
	"crypto/sha256"
	"encoding/binary"

	"dukou.dev/dukou/internal/fault"
)

// ChunkSize is the size of every chunk of a body but the last, in bytes.
const ChunkSize = 1 << 20

// MaxBody bounds a body: 1 TiB.
const MaxBody = 1 << 40

// A Body is a chain: each chunk has a digest, each link is a digest over a chunk's
// digest and the next link, and the header holds the first link as root. Whoever
// knows a link can verify the next chunk and learns the link after it, so any part
// of the body is verified as it streams, in constant memory.
type Body struct {
	_    struct{} `cbor:",toarray"`
	Size uint64
	Root Link // End(0) for an empty body, zero for none
}

// Link is one link of the chain.
type Link [32]byte

// ChunkDigest is the digest of one chunk's bytes.
type ChunkDigest [32]byte

// Chunks is the number of chunks of a body of a size.
func Chunks(size uint64) uint64 { return (size + ChunkSize - 1) / ChunkSize }

// DigestChunk hashes one chunk.
func DigestChunk(data []byte) ChunkDigest { return sha256.Sum256(data) }

// End is the link behind the last chunk of a body of a size.
func End(size uint64) Link {
	var b [16]byte
	copy(b[:8], "dukouend")
	binary.BigEndian.PutUint64(b[8:], size)
	return sha256.Sum256(b[:])
}

// Before is the link of a chunk, from its digest and the link behind it.
func Before(d ChunkDigest, next Link) Link {
	var b [64]byte
	copy(b[:32], d[:])
	copy(b[32:], next[:])
	return sha256.Sum256(b[:])
}

// Chain gives the links of a body from its chunk digests: Chain(...)[i] belongs to
// chunk i, the last one is End(size). The memory is 32 bytes a chunk.
func Chain(digests []ChunkDigest, size uint64) []Link {
	links := make([]Link, len(digests)+1)
	links[len(digests)] = End(size)
	for i := len(digests) - 1; i >= 0; i-- {
		links[i] = Before(digests[i], links[i+1])
	}
	return links
}

// Hasher takes a body apart into chunk digests as it is written.
type Hasher struct {
	digests []ChunkDigest
	size    uint64
	partial []byte
}

// Write hashes p; it never fails.
func (h *Hasher) Write(p []byte) (int, error) {
	n := len(p)
	h.size += uint64(n)
	for len(p) > 0 {
		if len(h.partial) == 0 && len(p) >= ChunkSize {
			h.digests = append(h.digests, DigestChunk(p[:ChunkSize]))
			p = p[ChunkSize:]
			continue
		}
		take := min(ChunkSize-len(h.partial), len(p))
		h.partial = append(h.partial, p[:take]...)
		p = p[take:]
		if len(h.partial) == ChunkSize {
			h.digests = append(h.digests, DigestChunk(h.partial))
			h.partial = h.partial[:0]
		}
	}
	return n, nil
}

// Sum ends the body and gives its digests; the Hasher must not be used again.
func (h *Hasher) Sum() (Body, []ChunkDigest) {
	if len(h.partial) > 0 {
		h.digests = append(h.digests, DigestChunk(h.partial))
		h.partial = nil
	}
	return Body{Size: h.size, Root: Chain(h.digests, h.size)[0]}, h.digests
}

// Verifier follows a body chunk by chunk.
type Verifier struct {
	want  Link
	size  uint64
	chunk uint64 // index of the next chunk
}

// NewVerifier starts at the first chunk of a body.
func NewVerifier(b Body) (*Verifier, error) {
	if b.Size > MaxBody {
		return nil, fault.New(fault.ParcelTooLarge, "body of %d bytes, at most %d", b.Size, uint64(MaxBody))
	}
	return &Verifier{want: b.Root, size: b.Size}, nil
}

// ResumeVerifier starts at a later chunk whose link this receiver verified before.
func ResumeVerifier(b Body, chunk uint64, want Link) *Verifier {
	return &Verifier{want: want, size: b.Size, chunk: chunk}
}

// Position is the index of the next chunk and the link that it must have.
func (v *Verifier) Position() (uint64, Link) { return v.chunk, v.want }

// Chunk verifies the next chunk and the link behind it.
func (v *Verifier) Chunk(data []byte, next Link) error {
	if want := v.length(); uint64(len(data)) != want || want == 0 {
		return fault.New(fault.ParcelAltered, "chunk %d has %d bytes, not %d", v.chunk, len(data), want)
	}
	if Before(DigestChunk(data), next) != v.want {
		return fault.New(fault.ParcelAltered, "chunk %d does not belong to the body", v.chunk)
	}
	v.want = next
	v.chunk++
	return nil
}

func (v *Verifier) length() uint64 {
	done := v.chunk * ChunkSize
	if done >= v.size {
		return 0
	}
	return min(ChunkSize, v.size-done)
}

// Done says nil when every chunk has come.
func (v *Verifier) Done() error {
	if v.length() != 0 {
		return fault.New(fault.ParcelAltered, "ends after chunk %d of %d", v.chunk, Chunks(v.size))
	}
	if v.want != End(v.size) {
		return fault.New(fault.ParcelAltered, "the chain does not end where the body ends")
	}
	return nil
}

// Skipper proves a later link from the digests of the chunks before it, so that a
// resumed transfer is verified from the root without its first bytes.
type Skipper struct {
	body Body
	at   Link
	left uint64
	from uint64
	link Link
}

// NewSkipper takes the link claimed for chunk from.
func NewSkipper(b Body, from uint64, link Link) (*Skipper, error) {
	if b.Size > MaxBody || from > Chunks(b.Size) {
		return nil, fault.New(fault.ParcelMalformed, "resume at chunk %d of %d", from, Chunks(b.Size))
	}
	return &Skipper{body: b, at: link, left: from, from: from, link: link}, nil
}

// Back takes the digest of the chunk before the last one taken.
func (s *Skipper) Back(d ChunkDigest) error {
	if s.left == 0 {
		return fault.New(fault.ParcelMalformed, "more skipped digests than chunks")
	}
	s.at = Before(d, s.at)
	s.left--
	return nil
}

// Verifier goes on at the later chunk, once the digests led to the root.
func (s *Skipper) Verifier() (*Verifier, error) {
	if s.left != 0 || s.at != s.body.Root {
		return nil, fault.New(fault.ParcelAltered, "the skipped digests do not lead to the root")
	}
	return ResumeVerifier(s.body, s.from, s.link), nil
}

// Complete tells whether every digest up to the first chunk was taken.
func (s *Skipper) Complete() bool { return s.left == 0 }
