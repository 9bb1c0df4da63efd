// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package file

import (
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/policy"
)

// maxName bounds a file name, in bytes; file systems have the same limit.
const maxName = 255

// CheckName refuses, with code NameInvalid, a file name that could leave its
// directory, hide, deceive a reader or be refused by another system: it is one
// component of valid UTF-8 without control, format or separator characters, begins
// with neither dot nor space, ends in neither, and names no device of Windows.
func CheckName(name string) error {
	switch {
	case name == "" || len(name) > maxName:
		return fault.New(fault.NameInvalid, "a name of %d bytes, 1 to %d", len(name), maxName)
	case !utf8.ValidString(name):
		return fault.New(fault.NameInvalid, "%q is not UTF-8", name)
	case strings.ContainsFunc(name, deceives):
		return fault.New(fault.NameInvalid, "%q holds a separator, or a control or format character", name)
	case strings.ContainsAny(name[:1], ". ") || strings.ContainsAny(name[len(name)-1:], ". "):
		return fault.New(fault.NameInvalid, "%q begins or ends with a dot or space", name)
	case isDevice(name):
		return fault.New(fault.NameInvalid, "%q is a device on Windows", name)
	}
	return nil
}

// deceives tells of a character that no name may hold: the separators of paths,
// drives and streams, controls, and what changes how the rest is shown (bidirectional
// controls and other format characters, line and paragraph separators).
func deceives(r rune) bool {
	return strings.ContainsRune(`/\:`, r) || r == utf8.RuneError ||
		unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co, unicode.Cs)
}

func isDevice(name string) bool {
	stem, _, _ := strings.Cut(name, ".")
	stem = strings.ToUpper(strings.TrimRight(stem, " "))
	if slices.Contains([]string{"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"}, stem) {
		return true
	}
	port := strings.TrimPrefix(strings.TrimPrefix(stem, "COM"), "LPT")
	return len(port) < len(stem) && slices.Contains([]string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "¹", "²", "³"}, port)
}

// checkRules holds a name and size against the rules of a flow; nil rules are none.
func checkRules(rules *policy.Files, name string, size uint64) error {
	if err := CheckName(name); err != nil || rules == nil {
		return err
	}
	lower := strings.ToLower(name)
	if len(rules.Extensions) > 0 && !slices.ContainsFunc(rules.Extensions, func(e string) bool {
		return len(lower) > len(e) && strings.HasSuffix(lower, e)
	}) {
		return fault.New(fault.ContentType, "%q has none of the extensions %q", name, rules.Extensions)
	}
	if size > rules.MaxSize {
		return fault.New(fault.ContentTooLarge, "%q has %d bytes, at most %d", name, size, rules.MaxSize)
	}
	return nil
}

// withSuffix puts a suffix behind a name, of which it drops what would make it too long.
func withSuffix(name, suffix string) string { return shorten(name, maxName-len(suffix)) + suffix }

// withMark puts a mark before the extension of a name.
func withMark(name, mark string) string {
	ext := filepath.Ext(name)
	if len(ext) > 32 {
		ext = ""
	}
	return withSuffix(name[:len(name)-len(ext)], mark+ext)
}

func shorten(name string, limit int) string {
	if len(name) <= limit {
		return name
	}
	for limit > 0 && !utf8.RuneStart(name[limit]) {
		limit--
	}
	return name[:limit]
}
