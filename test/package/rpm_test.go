// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package packages

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io/fs"
	"os"
	"testing"
)

// Tags of an rpm's header and flags of its files, from the RPM package format, version 4
// (rpm.org, "Package Format V4" and the tags' list).
const (
	rpmName, rpmVersion, rpmLicense, rpmArchTag = 1000, 1001, 1014, 1022
	rpmModes, rpmFlags, rpmUsers, rpmGroups     = 1030, 1037, 1039, 1040
	rpmDirIndexes, rpmBaseNames, rpmDirNames    = 1116, 1117, 1118

	rpmConfig    = 1 << 0
	rpmNoReplace = 1 << 4
)

// rpmFile is one file of a package.
type rpmFile struct {
	path, user, group string
	mode              uint16
	flags             uint32
}

func (f rpmFile) String() string {
	return fmt.Sprintf("%s %s/%s %s", fs.FileMode(f.mode&0o777), f.user, f.group, f.path)
}

// rpmPackage is what a package says of itself.
type rpmPackage struct {
	name, version, arch, license string
	files                        []rpmFile
}

// header is one of the two headers of a package: an index of tags, and their values.
type header struct {
	index []byte // 16 bytes each: tag, type, offset, count
	store []byte
}

// readHeader reads the header at the start of data, and gives its size.
func readHeader(t *testing.T, data []byte) (header, int) {
	t.Helper()
	if !bytes.HasPrefix(data, []byte{0x8e, 0xad, 0xe8, 1}) {
		t.Fatalf("no header: %x", data[:8])
	}
	entries, size := int(binary.BigEndian.Uint32(data[8:])), int(binary.BigEndian.Uint32(data[12:]))
	end := 16 + 16*entries
	return header{data[16:end], data[end : end+size]}, end + size
}

// value is where a tag's values begin, and how many there are.
func (h header) value(t *testing.T, tag uint32) ([]byte, int) {
	t.Helper()
	for e := h.index; len(e) > 0; e = e[16:] {
		if binary.BigEndian.Uint32(e) == tag {
			return h.store[binary.BigEndian.Uint32(e[8:]):], int(binary.BigEndian.Uint32(e[12:]))
		}
	}
	t.Fatalf("the header has no tag %d", tag)
	return nil, 0
}

func (h header) texts(t *testing.T, tag uint32) []string {
	t.Helper()
	data, n := h.value(t, tag)
	list := make([]string, n)
	for i := range list {
		text, rest, _ := bytes.Cut(data, []byte{0})
		list[i], data = string(text), rest
	}
	return list
}

func (h header) numbers(t *testing.T, tag uint32) []uint32 {
	t.Helper()
	data, n := h.value(t, tag)
	list := make([]uint32, n)
	for i := range list {
		list[i] = binary.BigEndian.Uint32(data[4*i:])
	}
	return list
}

func readRPM(t *testing.T, file string) rpmPackage {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	const lead = 96
	if !bytes.HasPrefix(data, []byte{0xed, 0xab, 0xee, 0xdb}) {
		t.Fatalf("%s is no rpm", file)
	}
	_, size := readHeader(t, data[lead:]) // signatures and sums, padded to eight bytes
	h, _ := readHeader(t, data[lead+(size+7)/8*8:])
	p := rpmPackage{
		name: h.texts(t, rpmName)[0], version: h.texts(t, rpmVersion)[0],
		arch: h.texts(t, rpmArchTag)[0], license: h.texts(t, rpmLicense)[0],
	}
	folders, indexes, names := h.texts(t, rpmDirNames), h.numbers(t, rpmDirIndexes), h.texts(t, rpmBaseNames)
	users, groups, flags := h.texts(t, rpmUsers), h.texts(t, rpmGroups), h.numbers(t, rpmFlags)
	modes, _ := h.value(t, rpmModes)
	for i := range names {
		p.files = append(p.files, rpmFile{folders[indexes[i]] + names[i], users[i], groups[i], binary.BigEndian.Uint16(modes[2*i:]), flags[i]})
	}
	return p
}
