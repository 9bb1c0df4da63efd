// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package parcel_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/parcel"
)

// sizes are those where chunking could go wrong.
func sizes() []uint64 {
	return []uint64{0, 1, parcel.ChunkSize - 1, parcel.ChunkSize, parcel.ChunkSize + 1, 2 * parcel.ChunkSize, 3*parcel.ChunkSize + 17}
}

type sent struct {
	data    []byte
	body    parcel.Body
	digests []parcel.ChunkDigest
	links   []parcel.Link
}

// send takes a body of pseudorandom bytes apart, written in pieces of a size.
func send(t testing.TB, size uint64, piece int) sent {
	t.Helper()
	s := sent{data: make([]byte, size)}
	rand.NewChaCha8([32]byte{byte(size), byte(size >> 8)}).Read(s.data) //nolint:errcheck // never fails
	var h parcel.Hasher
	for rest := s.data; len(rest) > 0; {
		n := min(piece, len(rest))
		h.Write(rest[:n]) //nolint:errcheck // never fails
		rest = rest[n:]
	}
	s.body, s.digests = h.Sum()
	s.links = parcel.Chain(s.digests, size)
	return s
}

func (s *sent) chunk(i uint64) []byte {
	return s.data[i*parcel.ChunkSize : min((i+1)*parcel.ChunkSize, uint64(len(s.data)))]
}

// receive gives chunks from one on to a verifier.
func (s *sent) receive(v *parcel.Verifier) error {
	from, _ := v.Position()
	for i := from; i < parcel.Chunks(s.body.Size); i++ {
		if err := v.Chunk(s.chunk(i), s.links[i+1]); err != nil {
			return err
		}
	}
	return v.Done()
}

// tester is what testing.T and rapid.T share here.
type tester interface {
	Helper()
	Fatal(args ...any)
}

func verifier(t tester, b parcel.Body) *parcel.Verifier {
	t.Helper()
	v, err := parcel.NewVerifier(b)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestBodyWhole(t *testing.T) {
	for _, size := range sizes() {
		var first parcel.Body
		for _, piece := range []int{4 << 10, parcel.ChunkSize - 1, parcel.ChunkSize, 5 << 20} {
			s := send(t, size, piece)
			if first == (parcel.Body{}) {
				first = s.body
			}
			if s.body != first || s.body.Size != size || uint64(len(s.digests)) != parcel.Chunks(size) {
				t.Fatalf("%d bytes in pieces of %d: %+v, first %+v", size, piece, s.body, first)
			}
			if err := s.receive(verifier(t, s.body)); err != nil {
				t.Errorf("%d bytes: %v", size, err)
			}
		}
	}
}

// TestBodyResume goes on at every chunk, both where the receiver kept the link and
// where it proves the link by the digests before it.
func TestBodyResume(t *testing.T) {
	for _, size := range sizes() {
		s := send(t, size, 1<<20)
		for from := range parcel.Chunks(size) + 1 {
			if err := s.receive(parcel.ResumeVerifier(s.body, from, s.links[from])); err != nil {
				t.Errorf("%d bytes from chunk %d: %v", size, from, err)
			}
			skip, err := parcel.NewSkipper(s.body, from, s.links[from])
			if err != nil {
				t.Fatal(err)
			}
			for i := from; i > 0; i-- {
				if err := skip.Back(s.digests[i-1]); err != nil {
					t.Fatal(err)
				}
			}
			v, err := skip.Verifier()
			if err != nil {
				t.Fatalf("%d bytes from chunk %d: %v", size, from, err)
			}
			if at, _ := v.Position(); at != from {
				t.Fatalf("goes on at %d, not %d", at, from)
			}
			if err := s.receive(v); err != nil {
				t.Errorf("%d bytes, skipped to %d: %v", size, from, err)
			}
		}
	}
}

func refused(err error) bool {
	c := fault.CodeOf(err)
	return c == fault.ParcelAltered || c == fault.ParcelMalformed
}

// TestBodyAltered changes one thing in a transfer, at random: a byte, a link, the
// root, the size, the order, the end. Nothing but the whole body is ever done.
func TestBodyAltered(t *testing.T) {
	const size = 2*parcel.ChunkSize + 100
	good := send(t, size, 1<<20)
	rapid.Check(t, func(t *rapid.T) {
		s := sent{data: good.data, body: good.body, digests: good.digests, links: append([]parcel.Link{}, good.links...)}
		var err error
		switch rapid.SampledFrom([]string{"byte", "link", "root", "size", "cut", "order", "end", "long", "short"}).Draw(t, "what") {
		case "byte":
			s.data = bytes.Clone(good.data)
			s.data[rapid.IntRange(0, size-1).Draw(t, "at")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
			err = s.receive(verifier(t, s.body))
		case "link":
			s.links[rapid.IntRange(1, 3).Draw(t, "at")][rapid.IntRange(0, 31).Draw(t, "byte")]++
			err = s.receive(verifier(t, s.body))
		case "root":
			s.body.Root[rapid.IntRange(0, 31).Draw(t, "byte")]++
			err = s.receive(verifier(t, s.body))
		case "size":
			s.body.Size = uint64(rapid.OneOf(rapid.IntRange(0, size-1), rapid.IntRange(size+1, 3*size)).Draw(t, "size"))
			err = (&sent{data: s.data, body: parcel.Body{Size: size}, links: s.links}).receive(verifier(t, s.body))
		case "cut":
			v := verifier(t, s.body)
			for i := range uint64(rapid.IntRange(0, 2).Draw(t, "chunks")) {
				if e := v.Chunk(s.chunk(i), s.links[i+1]); e != nil {
					t.Fatal(e)
				}
			}
			err = v.Done()
		case "order":
			err = verifier(t, s.body).Chunk(s.chunk(1), s.links[2])
		case "end":
			v := verifier(t, s.body)
			if e := s.receive(v); e != nil {
				t.Fatal(e)
			}
			err = v.Chunk(nil, s.links[3])
		case "long":
			err = verifier(t, s.body).Chunk(good.data[:parcel.ChunkSize+1], s.links[1])
		case "short":
			err = verifier(t, s.body).Chunk(good.data[:rapid.IntRange(0, parcel.ChunkSize-1).Draw(t, "n")], s.links[1])
		}
		if !refused(err) {
			t.Fatalf("taken: %v", err)
		}
	})
}

func TestSkipperRefuses(t *testing.T) {
	s := send(t, 3*parcel.ChunkSize, 1<<20)
	if _, err := parcel.NewSkipper(s.body, 4, s.links[3]); !refused(err) {
		t.Errorf("behind the end: %v", err)
	}
	if _, err := parcel.NewSkipper(parcel.Body{Size: parcel.MaxBody + 1}, 0, parcel.Link{}); !refused(err) {
		t.Errorf("too large: %v", err)
	}
	for name, digests := range map[string][]parcel.ChunkDigest{
		"too few":  {s.digests[1]},
		"order":    {s.digests[0], s.digests[1]},
		"another":  {s.digests[1], s.digests[2]},
		"too many": {s.digests[1], s.digests[0], s.digests[0]},
	} {
		skip, err := parcel.NewSkipper(s.body, 2, s.links[2])
		if err != nil {
			t.Fatal(err)
		}
		var backErr error
		for _, d := range digests {
			backErr = skip.Back(d)
		}
		if _, err := skip.Verifier(); !refused(err) && !refused(backErr) {
			t.Errorf("%s: %v", name, err)
		}
	}
	forged, err := parcel.NewSkipper(s.body, 1, parcel.End(s.body.Size))
	if err != nil {
		t.Fatal(err)
	}
	if err := forged.Back(s.digests[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := forged.Verifier(); !refused(err) {
		t.Errorf("a forged link: %v", err)
	}
}

// TestLinksAreNotEnds: no body of another size has the same root, an empty one included.
func TestLinksAreNotEnds(t *testing.T) {
	seen := map[parcel.Link]uint64{}
	for _, size := range sizes() {
		root := send(t, size, 1<<20).body.Root
		if other, ok := seen[root]; ok {
			t.Errorf("%d and %d bytes have one root", size, other)
		}
		seen[root] = size
	}
	if (&sent{body: parcel.Body{}}).receive(verifier(t, parcel.Body{})) == nil {
		t.Error("no body passes for an empty one")
	}
}

func TestVerifierBounds(t *testing.T) {
	if _, err := parcel.NewVerifier(parcel.Body{Size: parcel.MaxBody + 1}); fault.CodeOf(err) != fault.ParcelTooLarge {
		t.Error(err)
	}
}
