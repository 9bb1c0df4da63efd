// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package link turns raw Ethernet frames between the two hosts of a guard into
// one ordered, reliable, flow-controlled byte connection, a net.Conn.
//
// The cable between the hosts carries no IP. A Port moves single frames, best
// effort: OpenPacket over a network interface, OpenUnix over a socket file for
// trial on one machine. New joins a Port and the protocol; both halves call
// Connect and get the two ends of one connection.
//
// The protocol (docs/formats/frame.md has every byte):
//
//	a, b      choose a random connection id each and greet until each has heard
//	          its own id back: frames of any earlier connection are strangers
//	data      numbered in order; the receiver grants absolute credits for
//	          buffers that exist, and repeats them in every frame
//	ack       lowest frame missing, bitmap of those above it, the newest
//	          transmission heard; a transmission passed by three newer ones is
//	          lost and sent again, the last one after a time
//
// All of it is the machine type, which knows no clock, socket or goroutine: its
// methods are events at a moment, flush gives the frames to send, and due says
// when to come back. Link is the goroutines around it.
//
// The link trusts nothing that it hears: a hostile frame is dropped or ends the
// connection, and memory is bounded by the windows. It keeps no secret and proves
// no identity; TLS on top does.
package link
