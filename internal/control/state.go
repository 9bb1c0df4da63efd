// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package control

// State is what a component says of itself when it is asked.
type State struct {
	_         struct{} `cbor:",toarray"`
	Component string
	Bundle    uint64 // version in force, 0 for none
	Lease     uint64 // serial of the lease in use, 0 for none
	Time      int64  // the component's clock, Unix milliseconds
	Passed    uint64 // parcels since its start
	Refused   uint64
	Pending   uint64 // deliveries that wait
	Peers     []string
	Host      Host
	Flows     []FlowState // by name
	Disk      Disk
	Held      uint64 // deliveries in quarantine, of a front
}

// Host is what a component says of what it runs on. It is as true as the component: one
// whose program was changed can say anything here. See package manifest.
type Host struct {
	_        struct{} `cbor:",toarray"`
	Manifest []byte   // SHA-256 of the manifest that it was started under; empty for none
	Lacking  []string // what its kernel cannot confine it to, for people
	Version  string   // of its program
}
