// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package vault

import (
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// ChunkSize is how many bytes of a body are sealed as one, but for the last. It is
// that of a parcel's chunks, so that one is read for one that is sent.
const ChunkSize = 1 << 20

const (
	bodyMagic  = "DUKOUBD1"
	bodySalt   = 24
	bodyHeader = len(bodyMagic) + bodySalt
	sealedSize = ChunkSize + tagSize
)

// SealedSize is the length of the file of a body of size bytes.
func SealedSize(size int64) int64 {
	chunks := (size + ChunkSize - 1) / ChunkSize
	return int64(bodyHeader) + size + chunks*tagSize
}

// plainSize is the size of the body in a file of length bytes.
func plainSize(length int64) (int64, bool) {
	length -= int64(bodyHeader)
	whole, rest := length/sealedSize, length%sealedSize
	if length < 0 || rest > 0 && rest <= tagSize {
		return 0, false
	}
	if rest > 0 {
		rest -= tagSize
	}
	return whole*ChunkSize + rest, true
}

func (k Key) body(salt []byte, name string) cipher.AEAD {
	a, err := cipher.NewGCM(k.block(salt, "body "+name))
	if err != nil {
		panic(err) // the block is AES's
	}
	return a
}

func chunkNonce(chunk int64) []byte {
	nonce := make([]byte, recordNonce)
	binary.BigEndian.PutUint64(nonce[recordNonce-8:], uint64(chunk))
	return nonce
}

// Writer seals one body into a file, chunk by chunk.
type Writer struct {
	file  io.WriterAt
	aead  cipher.AEAD
	next  int64
	short bool // a chunk that was not full has ended the body
	buf   []byte
}

// NewWriter begins the body of a name, which must be given again to read it.
func (k Key) NewWriter(file io.WriterAt, name string) (*Writer, error) {
	head := append(make([]byte, 0, bodyHeader), bodyMagic...)
	head = head[:bodyHeader]
	_, _ = rand.Read(head[len(bodyMagic):]) // never fails
	if _, err := file.WriteAt(head, 0); err != nil {
		return nil, fmt.Errorf("write body: %w", err)
	}
	return &Writer{file: file, aead: k.body(head[len(bodyMagic):], name)}, nil
}

// Chunk seals the next chunk; every one but the last has ChunkSize bytes.
func (w *Writer) Chunk(plain []byte) error {
	if w.short || len(plain) == 0 || len(plain) > ChunkSize {
		return errors.New("vault: a chunk that is not the next of its body")
	}
	w.short = len(plain) < ChunkSize
	w.buf = w.aead.Seal(w.buf[:0], chunkNonce(w.next), plain, nil)
	if _, err := w.file.WriteAt(w.buf, int64(bodyHeader)+w.next*sealedSize); err != nil {
		return fmt.Errorf("write body: %w", err)
	}
	w.next++
	return nil
}

// Reader reads a sealed body. It is for one goroutine.
type Reader struct {
	file   io.ReaderAt
	aead   cipher.AEAD
	size   int64
	sealed []byte
	plain  []byte // of chunk at
	at     int64
}

// NewReader opens the body of a name in a file of length bytes.
func (k Key) NewReader(file io.ReaderAt, length int64, name string) (*Reader, error) {
	size, ok := plainSize(length)
	if !ok {
		return nil, ErrOpen
	}
	head := make([]byte, bodyHeader)
	if _, err := file.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read body: %w", err)
	}
	if string(head[:len(bodyMagic)]) != bodyMagic {
		return nil, ErrOpen
	}
	return &Reader{file: file, aead: k.body(head[len(bodyMagic):], name), size: size, at: -1}, nil
}

// Size is the size of the body in bytes. It is not proven: a file that was cut at a
// chunk has a shorter body, which its digest tells.
func (r *Reader) Size() int64 { return r.size }

// ReadAt reads the body. What it gives was sealed at that place.
func (r *Reader) ReadAt(p []byte, off int64) (n int, err error) {
	for n < len(p) {
		if off+int64(n) >= r.size {
			return n, io.EOF
		}
		got, err := r.read(p[n:], off+int64(n))
		n += got
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// read reads from one chunk; a whole one goes to p without a copy between.
func (r *Reader) read(p []byte, off int64) (int, error) {
	chunk, skip := off/ChunkSize, off%ChunkSize
	length := min(ChunkSize, r.size-chunk*ChunkSize)
	if skip == 0 && int64(len(p)) >= length && chunk != r.at {
		plain, err := r.open(p[:0], chunk, length)
		return len(plain), err
	}
	if chunk != r.at {
		plain, err := r.open(r.plain[:0], chunk, length)
		if err != nil {
			r.at = -1
			return 0, err
		}
		r.plain, r.at = plain, chunk
	}
	return copy(p, r.plain[skip:]), nil
}

func (r *Reader) open(dst []byte, chunk, length int64) ([]byte, error) {
	need := int(length) + tagSize
	if cap(r.sealed) < need {
		r.sealed = make([]byte, need)
	}
	sealed := r.sealed[:need]
	if n, err := r.file.ReadAt(sealed, int64(bodyHeader)+chunk*sealedSize); n < need {
		return nil, fmt.Errorf("read body: %w", errors.Join(io.ErrUnexpectedEOF, err))
	}
	plain, err := r.aead.Open(dst, chunkNonce(chunk), sealed, nil)
	if err != nil {
		return nil, ErrOpen
	}
	return plain, nil
}
