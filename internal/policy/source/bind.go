// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"net"
	"net/netip"
	"slices"

	"dukou.dev/dukou/internal/policy"
)

// bind reads from where a subject may come: {addresses: [...], hardware: [...]}.
func (l *loader) bind(n node, subject string) {
	o := n.object()
	if o == nil {
		return
	}
	b := policy.Binding{Subject: subject}
	if v, ok := o.get("addresses"); ok {
		b.Addresses = eachOnce(v, node.prefix)
	}
	if v, ok := o.get("hardware"); ok {
		b.Hardware = eachOnce(v, node.hardware)
	}
	if len(b.Addresses) == 0 && len(b.Hardware) == 0 {
		o.fail("binds to nothing: addresses, hardware or both", "没有绑定任何来源：须有 addresses（地址）、hardware（网卡）或两者")
	}
	o.done()
	l.bindings = append(l.bindings, b)
}

// eachOnce reads a list of different values.
func eachOnce(n node, read func(node) (string, bool)) []string {
	var out []string
	for _, item := range n.list() {
		text, ok := read(item)
		if ok && slices.Contains(out, text) {
			item.fail("%q is there twice", "%q 重复出现", text)
		} else if ok {
			out = append(out, text)
		}
	}
	return out
}

// prefix reads an IP prefix, or an address alone.
func (n node) prefix() (string, bool) {
	t := n.text()
	if t == "" {
		return "", false
	}
	p, err := netip.ParsePrefix(t)
	if a, alone := netip.ParseAddr(t); alone == nil && a.Zone() == "" {
		p, err = netip.PrefixFrom(a, a.BitLen()), nil
	}
	switch {
	case err != nil:
		n.fail("%q is not an address or prefix such as 10.1.2.0/24 or 2001:db8::/64", "%q 不是 IP 地址或前缀，例如 10.1.2.0/24 或 2001:db8::/64", t)
	case p.Addr().Is4In6():
		n.fail("%q: write an IPv4 address as such", "%q：IPv4 地址请直接写成 IPv4 形式", t)
	case p != p.Masked():
		n.fail("%q has bits behind its length; is %s meant?", "%q 的前缀长度之后还有非零位；是否要写 %s？", t, p.Masked())
	case p.Bits() == 0:
		n.fail("%q is every address, which binds to nothing", "%q 包含所有地址，等于没有绑定", t)
	default:
		return p.String(), true
	}
	return "", false
}

// hardware reads the address of one network card.
func (n node) hardware() (string, bool) {
	t := n.raw()
	if t == "" {
		return "", false
	}
	mac, err := net.ParseMAC(t)
	if err != nil || len(mac) != 6 || mac[0]&1 != 0 || mac.String() == "00:00:00:00:00:00" {
		n.fail(`%q is not the address of one network card, such as "02:00:5e:10:00:01"`, `%q 不是单个网卡的地址（MAC），例如 "02:00:5e:10:00:01"`, t)
		return "", false
	}
	return mac.String(), true
}
