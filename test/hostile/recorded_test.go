// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package hostile

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/audit/reader"
	"dukou.dev/dukou/internal/demo"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/parcel"
)

// journal reads the log of a component.
func (r *rig) journal(t *testing.T, component string) (list []audit.Leaf) {
	t.Helper()
	err := reader.Show(filepath.Join(r.Installation.State(component), "audit"), reader.Filter{}, func(e reader.Entry) error {
		list = append(list, e.Leaf)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// count gives how many entries of a journal match.
func count(list []audit.Leaf, match func(*audit.Leaf) bool) (n int) {
	for i := range list {
		if match(&list[i]) {
			n++
		}
	}
	return n
}

// counted is the number in the object of an entry that sums refusals up.
func counted(object string) (n int) {
	if _, err := fmt.Sscanf(object, "%d more", &n); err != nil {
		return 0
	}
	return n
}

// recorded holds the journal of the internet front against all that callers were told.
// Of many alike it records some one by one and counts the others: each was either found
// under its id with its code, or is among those that were counted.
func (r *rig) recorded(t *testing.T) {
	wanted, alone := map[fault.Code]int{}, 0
	for _, w := range r.refused {
		wanted[w.code]++
	}
	if err := r.Stop(t.Context(), demo.FrontInternet); err != nil { // so that it counts what is left
		t.Fatal(err)
	}
	log := r.logText(t, demo.FrontInternet)
	entries, sums := map[parcel.ID]fault.Code{}, map[fault.Code]int{}
	for _, l := range r.journal(t, demo.FrontInternet) {
		if l.Verdict != "refuse" {
			continue
		}
		if n := counted(l.Object); l.Action == "refusals counted" && n > 0 {
			sums[fault.Code(l.Reason)] += n
			continue
		}
		entries[l.Parcel] = fault.Code(l.Reason)
		sums[fault.Code(l.Reason)]++
	}
	for _, w := range r.refused {
		code, found := entries[w.id]
		switch {
		case w.id == (parcel.ID{}):
		case found && code != w.code:
			t.Errorf("%s: the caller was told %s, the journal has %s", w.try, w.code, code)
		case found:
			alone++
		}
		if w.id != (parcel.ID{}) && w.code != fault.PeerUnknown && !toldOf(log, w.id) {
			t.Errorf("%s: the front's own log has no line of %s (%s)", w.try, w.id, w.code)
		}
	}
	for _, code := range slices.Sorted(maps.Keys(wanted)) {
		if sums[code] < wanted[code] {
			t.Errorf("%s: callers were told it %d times, the journal has %d", code, wanted[code], sums[code])
		}
		t.Logf("%-20s told %4d times, recorded or counted %4d", code, wanted[code], sums[code])
	}
	t.Logf("%d of %d refusals stand in the journal under their own id, the others are counted", alone, len(r.refused))
	if err := r.Launch(demo.FrontInternet); err != nil {
		t.Fatal(err)
	}
	if err := r.WaitQuery(t.Context()); err != nil {
		t.Error(err)
	}
}

// toldOf tells whether a log has a line that names a parcel and says what was wrong.
func toldOf(log string, id parcel.ID) bool {
	at := strings.Index(log, id.String())
	if at < 0 {
		return false
	}
	line, _, _ := strings.Cut(log[at:], "\n")
	return strings.Contains(line, "error=")
}

// logs wants nothing in what processes write that is a secret, or that a terminal or
// another reader of logs would take for something else.
func (r *rig) logs(t *testing.T) {
	for _, name := range demo.Processes() {
		text := r.logText(t, name)
		for _, secret := range r.secrets {
			if at := strings.Index(text, secret); at >= 0 {
				line := text[strings.LastIndexByte(text[:at], '\n')+1:]
				line, _, _ = strings.Cut(line, "\n")
				t.Errorf("%s writes a secret: %.300q", name, line)
				break
			}
		}
		for line := range strings.Lines(text) {
			if !utf8.ValidString(line) || strings.ContainsFunc(strings.TrimSuffix(line, "\n"), func(c rune) bool {
				return unicode.In(c, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
			}) {
				t.Errorf("%s writes raw characters: %.300q", name, line)
				break
			}
			if name != demo.Bureau && name != demo.Portal && !strings.HasPrefix(line, "time=") {
				t.Errorf("%s writes what is no line of a log: %.300q", name, line)
				break
			}
		}
	}
}

// refusedPeers waits until a part of the guard has recorded so many more strangers than
// before, and gives how many there are.
func (r *rig) refusedPeers(t *testing.T, part string) int {
	t.Helper()
	return count(r.journal(t, part), func(l *audit.Leaf) bool {
		return l.Verdict == "refuse" && l.Reason == string(fault.PeerUnknown)
	})
}

const soon = 10 * time.Second
