// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package neighbour

import (
	"fmt"
	"net"
)

// Hardware is the address of a network card (EUI-48).
type Hardware [6]byte

// ParseHardware reads "02:00:5e:10:00:01", one card's address: neither a group's nor none.
func ParseHardware(text string) (Hardware, error) {
	mac, err := net.ParseMAC(text)
	if err != nil {
		return Hardware{}, err
	}
	h, ok := hardware(mac)
	if !ok {
		return Hardware{}, fmt.Errorf("%q is not the address of one network card", text)
	}
	return h, nil
}

// hardware takes six bytes that can be one card's.
func hardware(b []byte) (Hardware, bool) {
	if len(b) != len(Hardware{}) {
		return Hardware{}, false
	}
	h := Hardware(b)
	return h, h != Hardware{} && h[0]&1 == 0 // the lowest bit marks a group
}

// String is the address as it is written: six bytes in hexadecimal, with colons.
func (h Hardware) String() string { return net.HardwareAddr(h[:]).String() }
