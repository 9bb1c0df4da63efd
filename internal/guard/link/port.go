// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package link

import "errors"

// Port moves single frames between two hosts: unordered, unreliable, possibly
// doubled, padded or damaged. Send and Receive may run at the same time; neither
// is called twice at once.
type Port interface {
	// Send gives frames to the medium in order and returns how many it took.
	// Fewer than all with a nil error means full for now. A frame taken may still
	// be lost. Send MUST NOT wait and MUST NOT keep the frames.
	Send(frames [][]byte) (int, error)
	// Receive waits for at least one frame and fills b. An error is final.
	Receive(b *Batch) error
	// MTU is the length of the longest frame, in bytes.
	MTU() int
	// Window is the number of frames of MTU bytes that the receiving side holds
	// without loss while nobody calls Receive.
	Window() int
	// Close ends Send and Receive with an error.
	Close() error
}

// ErrPortClosed is the error of a Port after Close.
var ErrPortClosed = errors.New("frame port closed")

// Batch is a set of buffers that Receive fills. Frame i is Buf[i][:Len[i]] for i
// below N. The owner may put another buffer of the same capacity in the place of
// Buf[i] and keep the one it took.
type Batch struct {
	Buf [][]byte
	Len []int
	N   int
}

// batchBytes bounds the memory of one batch, so that it stays in the cache.
const batchBytes = 1 << 20

// batchFrames is the largest number of frames moved by one system call.
const batchFrames = 64

// NewBatch returns a batch for frames of up to mtu bytes.
func NewBatch(mtu int) *Batch {
	n := batchSize(mtu)
	return &Batch{Buf: buffers(n, mtu), Len: make([]int, n)}
}

func batchSize(mtu int) int { return max(4, min(batchFrames, batchBytes/mtu)) }

// buffers cuts n buffers of the given size out of one allocation.
func buffers(n, size int) [][]byte {
	arena := make([]byte, n*size)
	out := make([][]byte, n)
	for i := range out {
		out[i] = arena[i*size : (i+1)*size : (i+1)*size]
	}
	return out
}
