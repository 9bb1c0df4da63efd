// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package packages

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// contents are the files that each package must have, but for its documents: mode, owner
// and path.
func contents() map[string][]string {
	unit := func(name string) string { return "-rw-r--r-- root/root /usr/lib/systemd/system/" + name }
	program := func(name string) string { return "-rwxr-xr-x root/root /usr/bin/" + name }
	file := func(name string) string { return "-rw-r--r-- root/root " + name }
	return map[string][]string{
		"dukou": {program("dukou")},
		"dukou-center": {
			program("dukou-center"), program("dukou-signer"), unit("dukou-center.service"), unit("dukou-signer.service"),
			file("/usr/lib/sysusers.d/dukou-center.conf"), file("/usr/lib/tmpfiles.d/dukou-center.conf"),
			file("/etc/dukou/center.env"), file("/etc/dukou/signer.env"),
		},
		"dukou-front": {
			program("dukou-front"), unit("dukou-front@.service"),
			file("/usr/lib/sysusers.d/dukou-front.conf"), file("/usr/lib/tmpfiles.d/dukou-front.conf"),
		},
		"dukou-guard": {
			program("dukou-guard"), unit("dukou-cable@.service"), unit("dukou-gate.service"), unit("dukou-inner.service"), unit("dukou-outer.service"),
			file("/usr/lib/sysusers.d/dukou-guard.conf"), file("/usr/lib/tmpfiles.d/dukou-guard.conf"), file("/usr/lib/sysctl.d/60-dukou-guard.conf"),
			file("/etc/dukou/gate.env"), file("/etc/dukou/inner.env"), file("/etc/dukou/outer.env"),
		},
	}
}

// documents are left out of the comparison; what must be among them is looked at by itself.
func document(path string) bool {
	return strings.HasPrefix(path, "/usr/share/doc/") || strings.HasPrefix(path, "/usr/share/dukou/")
}

func packageFile(t *testing.T, pattern string) string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) != 1 {
		t.Fatalf("%s: %q, %v", pattern, files, err)
	}
	return files[0]
}

var listed = regexp.MustCompile(`(?m)^(-\S+) (\S+) .*? \.(/\S+)$`)

// TestDebs: each package has its files with their modes, its configuration is kept over
// upgrades, and it carries licenses.
func TestDebs(t *testing.T) {
	if _, err := exec.LookPath("dpkg-deb"); err != nil {
		t.Skip("dpkg-deb, which reads the packages, is not here")
	}
	r := built(t)
	for name, want := range contents() {
		file := packageFile(t, filepath.Join(r.dir, "deb", name+"_0.0.1~rc2*_"+debArch()+".deb"))
		var got []string
		documents := ""
		for _, m := range listed.FindAllStringSubmatch(output(t, "dpkg-deb", "--contents", file), -1) {
			if document(m[3]) {
				documents += m[3] + "\n"
				continue
			}
			got = append(got, m[1]+" "+m[2]+" "+m[3])
		}
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if !strings.Contains(documents, "/usr/share/doc/"+name+"/THIRD-PARTY") || !strings.Contains(documents, "/usr/share/doc/"+name+"/LICENSE") {
			t.Errorf("%s has no licenses:\n%s", name, documents)
		}
		checkConffiles(t, file, want)
	}
}

// checkConffiles: what an administrator changes is not overwritten.
func checkConffiles(t *testing.T, file string, want []string) {
	t.Helper()
	var configs []string
	for _, line := range want {
		if _, path, ok := strings.Cut(line, "root/root /etc/"); ok {
			configs = append(configs, "/etc/"+path)
		}
	}
	if len(configs) == 0 {
		return
	}
	got := strings.Fields(output(t, "dpkg-deb", "--info", file, "conffiles"))
	slices.Sort(got)
	slices.Sort(configs)
	if diff := cmp.Diff(configs, got); diff != "" {
		t.Errorf("%s: conffiles: %s", filepath.Base(file), diff)
	}
}

func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return string(out)
}

func debArch() string { return runtime.GOARCH } // Debian has the same names for the three

func rpmArch() string {
	switch runtime.GOARCH {
	case "amd64":
		return "x86_64"
	case "arm64":
		return "aarch64"
	default:
		return "loongarch64"
	}
}

// TestRPMs: the other packages have the same files, and keep the same ones.
func TestRPMs(t *testing.T) {
	r := built(t)
	for name, want := range contents() {
		p := readRPM(t, packageFile(t, filepath.Join(r.dir, "rpm", name+"-0.0.1~rc2-1."+rpmArch()+".rpm")))
		if p.name != name || p.arch != rpmArch() || p.version != "0.0.1~rc2" || p.license != "Apache-2.0" {
			t.Errorf("it says of itself: %s %s %s %s", p.name, p.version, p.arch, p.license)
		}
		var got []string
		for _, f := range p.files {
			if !document(f.path) && f.mode>>12 == 0o10 {
				got = append(got, f.String())
			}
			if config := strings.HasPrefix(f.path, "/etc/"); config != (f.flags&rpmConfig != 0) || config != (f.flags&rpmNoReplace != 0) {
				t.Errorf("%s: %s has flags %x", name, f.path, f.flags)
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if _, err := exec.LookPath("rpm"); err != nil {
		t.Log("rpm is not here: the packages were read by the test alone")
		return
	}
	for name := range contents() {
		output(t, "rpm", "--query", "--package", "--nosignature", packageFile(t, filepath.Join(r.dir, "rpm", name+"-0*.rpm")))
	}
}
