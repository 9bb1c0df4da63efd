// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package hostile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"dukou.dev/dukou/internal/demo"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/front/file"
)

// dropped is something that is put into the watched directory.
type dropped struct {
	name string
	code fault.Code // of its refusal, empty where it is delivered
	left bool       // it is neither: it is left alone
	put  func(path string, content []byte) error
}

// regular makes a file that is whole when it has its name, as the flow asks for.
func regular(path string, content []byte) error {
	temp := filepath.Join(filepath.Dir(path), ".putting")
	if err := os.WriteFile(temp, content, 0o600); err != nil {
		return err
	}
	return os.Rename(temp, path)
}

// hostileFiles are names that a directory can hold, and things that are no files.
func hostileFiles(t *testing.T) []dropped {
	t.Helper()
	elsewhere := t.TempDir()
	var list []dropped
	for _, name := range []string{
		"a\\..\\..\\etc\\passwd.csv", "C:\\x.csv", "C:x.csv", "a\nb.csv", "a\rb.csv", "a\tb.csv", "\x1b[2Ja.csv", "a\x7f.csv", "a\u0085.csv", "a\u2028b.csv", "\xff\xfe.csv", "\xc0\xae.csv",
		"\u202egpj.csv", "a\u200bb.csv", "\ufeffa.csv", "a\u2066b.csv", "a\u00adb.csv", "\ue000.csv", "\ufffd.csv", " a.csv", "CON.csv", "nul.csv", "com1.csv", "LPT¹.csv", "aux .csv",
		"a.csv ", "a.csv.",
	} {
		list = append(list, dropped{name, fault.NameInvalid, false, regular})
	}
	for _, name := range []string{"a.exe", "a", "csv", "a.csv.exe", "a.csv~", "a.ＣＳＶ"} {
		list = append(list, dropped{name, fault.ContentType, false, regular})
	}
	for _, name := range []string{".a.csv", "..a.csv", "...", "..\\..\\etc\\passwd.csv", "a.csv.part", "a.csv.tmp"} {
		list = append(list, dropped{name, "", true, regular})
	}
	for _, name := range []string{
		"-rf.csv", "--help.csv", "%2e%2e%2fa.csv", "%00.csv", "a%0ab.csv", "$(reboot).csv", "`id`.csv", "a;b|c&d.csv", "*.csv", "?.csv", "<b>.csv", "'\".csv", "~.csv", "=1+1.csv",
		"Case.csv", "case.csv", "CASE.CSV", "caf\u00e9.csv", "cafe\u0301.csv", "a／b.csv", "İ.csv", "报表.csv", strings.Repeat("n", 251) + ".csv", strings.Repeat("\u00e9", 125) + "x.csv",
	} {
		list = append(list, dropped{name, "", false, regular})
	}
	return append(list, []dropped{
		{"symlink.csv", fault.ContentType, false, func(path string, _ []byte) error { return os.Symlink("/etc/passwd", path) }},
		{"symlink-home.csv", fault.ContentType, false, func(path string, _ []byte) error { return os.Symlink("../../front-internet/id", path) }},
		{"dangling.csv", fault.ContentType, false, func(path string, _ []byte) error { return os.Symlink("nowhere", path) }},
		{"fifo.csv", fault.ContentType, false, func(path string, _ []byte) error { return unix.Mkfifo(path, 0o600) }},
		{"socket.csv", fault.ContentType, false, func(path string, _ []byte) error {
			l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
			if err == nil {
				l.SetUnlinkOnClose(false)
				err = l.Close()
			}
			return err
		}},
		{"directory.csv", "", true, func(path string, _ []byte) error { return os.Mkdir(path, 0o700) }},
		{"setuid.csv", "", false, func(path string, content []byte) error {
			temp := filepath.Join(filepath.Dir(path), ".setuid")
			return errors.Join(os.WriteFile(temp, content, 0o600), os.Chmod(temp, 0o777|fs.ModeSetuid|fs.ModeSetgid), os.Rename(temp, path))
		}},
		{"hard-link.csv", "", false, func(path string, content []byte) error { // its other name changes it when it was taken
			other := filepath.Join(filepath.Dir(filepath.Dir(path)), "elsewhere")
			return errors.Join(regular(other, content), os.Link(other, path))
		}},
		{"empty.csv", "", false, func(path string, _ []byte) error { return regular(path, nil) }},
		{"large.csv", fault.ContentTooLarge, false, func(path string, _ []byte) error {
			temp := filepath.Join(elsewhere, "large")
			if err := errors.Join(regular(temp, nil), os.Truncate(temp, 8<<20+1)); err != nil {
				return err
			}
			return move(temp, path)
		}},
		{"huge.csv", fault.ContentTooLarge, false, func(path string, _ []byte) error { // sparse: 1 TiB
			temp := filepath.Join(filepath.Dir(path), ".huge")
			if err := errors.Join(regular(temp, nil), os.Truncate(temp, 1<<40)); err != nil {
				return err
			}
			return os.Rename(temp, path)
		}},
	}...)
}

// move renames, or where that is another file system makes the same beside.
func move(from, to string) error {
	err := os.Rename(from, to)
	if errors.Is(err, unix.EXDEV) {
		info, statErr := os.Stat(from)
		temp := filepath.Join(filepath.Dir(to), ".moved")
		err = errors.Join(statErr, regular(temp, nil), os.Truncate(temp, info.Size()), os.Rename(temp, to))
	}
	return err
}

// files puts them into the directory that the internet front watches.
func (r *rig) files(t *testing.T) {
	out := r.Installation.Outgoing()
	list := hostileFiles(t)
	contents := map[string][]byte{}
	for i, d := range list {
		contents[d.name] = fmt.Appendf(nil, "hostile file %d\n", i)
		if err := d.put(filepath.Join(out, d.name), contents[d.name]); err != nil {
			t.Fatalf("%q: %v", d.name, err)
		}
	}
	if err := unix.Mknod(filepath.Join(out, "device.csv"), unix.S_IFCHR|0o600, int(unix.Mkdev(1, 5))); err != nil {
		t.Logf("a device is not tried: %v", err)
	} else {
		list = append(list, dropped{name: "device.csv", code: fault.ContentType})
	}
	for _, d := range list {
		r.whatBecame(t, out, d, contents[d.name])
	}
	r.changing(t, out)
	r.crowded(t, out)
}

// whatBecame waits until a file was delivered, refused or left alone.
func (r *rig) whatBecame(t *testing.T, out string, d dropped, content []byte) {
	t.Helper()
	path := filepath.Join(out, d.name)
	switch {
	case d.left:
		if _, err := os.Lstat(path); err != nil {
			t.Errorf("%q should be left alone: %v", d.name, err)
		}
		r.count("files", func(s *sum) { s.other++ })
		_ = os.RemoveAll(path)
	case d.code != "":
		within(t, 20*time.Second, func() error { return r.refusedFile(out, d) })
		r.count("files", func(s *sum) { s.refused++ })
	default:
		within(t, 20*time.Second, func() error { return r.deliveredFile(out, d.name, content) })
		r.count("files", func(s *sum) { s.one++ })
	}
}

// refusedFile wants a file in quarantine with a reason, which the journal and the log know.
func (r *rig) refusedFile(out string, d dropped) error {
	if info, err := os.Lstat(filepath.Join(out, d.name)); err == nil && info.Mode().IsRegular() { // others a confined process may not move
		return fmt.Errorf("%q still lies there", d.name)
	}
	reasons, err := filepath.Glob(filepath.Join(out, ".dukou", "quarantine", "*.reason"))
	if err != nil {
		return err
	}
	for _, path := range reasons {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if !strings.Contains(string(text), fmt.Sprintf("\nname: %q\n", d.name)) {
			continue
		}
		fields := map[string]string{}
		for line := range strings.Lines(string(text)) {
			name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
			fields[name] = value
		}
		if fields["code"] != string(d.code) || fields["reason"] == "" {
			return fmt.Errorf("%q: the reason is %q, want %s", d.name, text, d.code)
		}
		for _, told := range r.alreadyTold(fields["parcel"]) {
			return told
		}
		return r.told("files: "+d.name, d.code, fields["parcel"])
	}
	return fmt.Errorf("%q has no reason in quarantine", d.name)
}

// alreadyTold is empty: an id is told once.
func (r *rig) alreadyTold(id string) []error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, w := range r.refused {
		if w.id.String() == id {
			return []error{fmt.Errorf("id %s was told of %s, too", id, w.try)}
		}
	}
	return nil
}

// deliveredFile wants one receipt, and the same bytes under the same name on the other side.
func (r *rig) deliveredFile(out, name string, content []byte) error {
	if name == "empty.csv" {
		content = nil
	}
	receipts, err := os.ReadDir(filepath.Join(out, ".dukou", "receipts"))
	if err != nil {
		return err
	}
	found := 0
	for _, e := range receipts {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(out, ".dukou", "receipts", e.Name()))
		if err != nil {
			return err
		}
		var one file.Receipt
		if err := json.Unmarshal(text, &one); err != nil {
			return err
		}
		if one.Name == name {
			found++
		}
	}
	if found != 1 {
		return fmt.Errorf("%q has %d receipts", name, found)
	}
	for _, at := range r.arrivals(name) {
		got, err := os.ReadFile(at)
		if err != nil {
			return err
		}
		info, err := os.Stat(at)
		if err != nil {
			return err
		}
		if !bytes.Equal(got, content) || info.Mode()&(fs.ModeSetuid|fs.ModeSetgid|0o111) != 0 {
			return fmt.Errorf("%q arrived with %q, mode %v", name, got, info.Mode())
		}
		return nil
	}
	return fmt.Errorf("%q has a receipt and is not there", name)
}

// arrivals are the files of a name on the other side, wherever the application put them.
func (r *rig) arrivals(name string) (list []string) {
	_ = filepath.WalkDir(r.Installation.Batch(), func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() && e.Name() == name && !strings.Contains(path, ".dukou") {
			list = append(list, path)
		}
		return nil // it is being moved
	})
	return list
}

// changing puts files that grow, change and vanish while they are taken: what arrives
// is what was accepted.
func (r *rig) changing(t *testing.T, out string) {
	t.Helper()
	for i := range 8 {
		path := filepath.Join(out, fmt.Sprintf("growing-%d.csv", i))
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		for range 200 {
			if _, err := f.WriteString(strings.Repeat("grows\n", 100)); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 200 {
		path := filepath.Join(out, fmt.Sprintf("vanishing-%d.csv", i))
		if err := regular(path, []byte("x")); err != nil {
			t.Fatal(err)
		}
		_ = os.Remove(path) // it may be taken already
	}
	for i := range 8 {
		name := fmt.Sprintf("growing-%d.csv", i)
		within(t, 20*time.Second, func() error {
			if _, err := os.Lstat(filepath.Join(out, name)); err == nil {
				return fmt.Errorf("%s still lies there", name)
			}
			for _, at := range r.arrivals(name) {
				got, err := os.ReadFile(at)
				if err != nil {
					return err
				}
				if whole := strings.Repeat("grows\n", 20_000); !strings.HasPrefix(whole, string(got)) {
					return fmt.Errorf("%s arrived with %d bytes that never were its beginning", name, len(got))
				}
				return nil
			}
			return fmt.Errorf("%s is nowhere", name)
		})
		r.count("files", func(s *sum) { s.one++ })
	}
}

// crowd is how many entries the directory gets.
const crowd = 100_000

// crowded fills the directory with what is not to be taken, and a good file passes still.
func (r *rig) crowded(t *testing.T, out string) {
	t.Helper()
	base := filepath.Join(out, "00000.part")
	if err := regular(base, nil); err != nil {
		t.Fatal(err)
	}
	names := []string{base}
	for i := 1; i < crowd; i++ {
		name := filepath.Join(out, fmt.Sprintf("%05d.part", i))
		if err := os.Link(base, name); err != nil {
			if errors.Is(err, unix.EMLINK) {
				err = regular(name, nil)
				base = name
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		names = append(names, name)
	}
	began := time.Now()
	if err := regular(filepath.Join(out, "in-the-crowd.csv"), []byte("x")); err != nil {
		t.Fatal(err)
	}
	within(t, 30*time.Second, func() error { return r.deliveredFile(out, "in-the-crowd.csv", []byte("x")) })
	t.Logf("among %d entries a file was delivered in %v", len(names), time.Since(began).Round(time.Millisecond))
	for _, name := range slices.Backward(names) {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	r.count("files", func(s *sum) { s.one++ })
	if r.PID(demo.FrontInternet) == 0 {
		t.Error("the front has ended")
	}
}
