// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package packages

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// guide is the page that the hosts are set up by.
const guide = root + "/docs/operations/production.md"

// block is one block of commands of a page, and the host on which it is run.
type block struct {
	host   string
	script string
	line   int
}

var fence = regexp.MustCompile("(?ms)^```sh([a-z ]*)\n(.*?)^```")

func blocks(t *testing.T, page string) []block {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var list []block
	for _, m := range fence.FindAllSubmatchIndex(text, -1) {
		list = append(list, block{
			host: strings.TrimSpace(string(text[m[2]:m[3]])), script: string(text[m[4]:m[5]]),
			line: 1 + bytes.Count(text[:m[0]], []byte("\n")),
		})
	}
	if len(list) == 0 {
		t.Fatalf("%s has no commands", page)
	}
	return list
}

// TestLanguages: the pages in either language give the same commands and sections.
func TestLanguages(t *testing.T) {
	pages, err := filepath.Glob(root + "/docs/operations/*.zh.md")
	if err != nil || len(pages) == 0 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	for _, chinese := range pages {
		english := strings.TrimSuffix(chinese, ".zh.md") + ".md"
		if diff := cmp.Diff(commands(blocks(t, english)), commands(blocks(t, chinese))); diff != "" {
			t.Errorf("%s and %s differ:\n%s", filepath.Base(english), filepath.Base(chinese), diff)
		}
		if one, two := sections(t, english), sections(t, chinese); one != two {
			t.Errorf("%s has %d sections, %s %d", filepath.Base(english), one, filepath.Base(chinese), two)
		}
	}
}

func commands(list []block) []string {
	var all []string
	for _, b := range list {
		all = append(all, "on "+b.host)
		for line := range strings.Lines(b.script) {
			if line = strings.TrimSpace(line); !strings.HasPrefix(line, "#") {
				all = append(all, line)
			}
		}
	}
	return all
}

func sections(t *testing.T, page string) int {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Count(text, []byte("\n## "))
}

// TestGuide sets up two hosts from the packages, by the guide, and has a question and a
// file cross.
func TestGuide(t *testing.T) {
	if reason := without(); reason != "" {
		t.Skipf("the guide is not tried here: %s", reason)
	}
	r := built(t)
	medium := t.TempDir()
	for _, dir := range []string{filepath.Dir(medium), medium} {
		if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // a carried medium
			t.Fatal(err)
		}
	}
	output(t, "cp", r.archive, medium)
	hosts := map[string]*host{}
	for _, name := range []string{"desk", "outer", "inner"} {
		hosts[name] = newHost(t, name, medium)
	}
	plug(t, hosts["outer"], hosts["inner"])
	if out, err := hosts["desk"].run(t.Context(), "cat >/root/release.pem <<'END'\n"+string(r.public)+"END\n"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	said := ""
	for _, b := range blocks(t, guide) {
		h := hosts[b.host]
		if h == nil {
			t.Fatalf("line %d: there is no host %q", b.line, b.host)
		}
		out, err := h.run(t.Context(), b.script)
		said += out
		if err != nil {
			hosts["outer"].logs(t)
			hosts["inner"].logs(t)
			t.Fatalf("line %d, on %s: %v\n%s", b.line, b.host, err, out)
		}
		if strings.Contains(b.script, "out/today.csv") { // all of it runs now
			checkRunning(t, hosts)
		}
	}
	for _, want := range []string{`"report_id":"CR-`, "Signature Verified Successfully"} {
		if !strings.Contains(said, want) {
			t.Errorf("nothing of what the guide's commands print has %q", want)
		}
	}
	checkRemoved(t, hosts["outer"])
}

// without says what this machine lacks for hosts of namespaces, or nothing.
func without() string {
	if os.Geteuid() != 0 {
		return "only root makes hosts with users of their own"
	}
	for _, tool := range []string{"dpkg", "systemd-sysusers", "systemd-tmpfiles", "nsenter", "ip", "runuser", "useradd", "setpriv", "openssl", "gpg", "curl", "getent"} {
		if _, err := exec.LookPath(tool); err != nil {
			return tool + " is not here"
		}
	}
	if out, err := exec.Command("unshare", "--mount", "--pid", "--net", "--uts", "--ipc", "--fork", "true").CombinedOutput(); err != nil { //nolint:noctx // short
		return "no namespaces: " + strings.TrimSpace(string(out))
	}
	return ""
}

// plug puts a cable between the cards eth1 of two hosts.
func plug(t *testing.T, a, b *host) {
	t.Helper()
	output(t, "ip", "link", "add", "eth1", "netns", fmt.Sprint(a.pid), "type", "veth", "peer", "name", "eth1", "netns", fmt.Sprint(b.pid))
}

// listProcesses prints, of each process of ours: program, user, capabilities,
// no_new_privs, filter.
const listProcesses = `
for status in /proc/[0-9]*/status; do
  program=$(tr '\0' '\n' <"${status%status}cmdline" 2>/dev/null | head -n 1) || continue
  case $program in /usr/bin/dukou-*) ;; *) continue ;; esac
  field() { sed -n "s/^$1:[[:space:]]*//p" "$status"; }
  echo "${program#/usr/bin/} $(id -nu "$(field Uid | cut -f 1)") $(field CapPrm) $(field CapBnd) $(field NoNewPrivs) $(field Seccomp)"
done`

// checkRunning looks at what runs on the hosts once all does.
func checkRunning(t *testing.T, hosts map[string]*host) {
	t.Helper()
	const none, raw = "0000000000000000", "0000000000002000"
	for name, want := range map[string][]string{
		"outer": {"dukou-front dukou-front " + none, "dukou-guard dukou-outer " + raw},
		"inner": {
			"dukou-center dukou-center " + none, "dukou-front dukou-front " + none, "dukou-guard dukou-gate " + raw,
			"dukou-guard dukou-inner " + none, "dukou-signer dukou-signer " + none,
		},
	} {
		out, err := hosts[name].run(t.Context(), listProcesses)
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
		got := strings.Split(strings.TrimSpace(out), "\n")
		slices.Sort(got)
		for i, line := range want { // none that is held, the one that the unit leaves, no way to more, filtered
			words := strings.Fields(line)
			want[i] = strings.Join([]string{words[0], words[1], none, words[2], "1", "2"}, " ")
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s runs:\n%s", name, diff)
		}
	}
	checkPorts(t, hosts["outer"], "0100007F:20FB")                  // 127.0.0.1:8443, the front's
	checkPorts(t, hosts["inner"], "0100007F:1F9A", "0100007F:24E3") // 127.0.0.1:8090, the bureau's; 9443, the center's
	checkSockets(t, hosts["inner"])
}

// checkPorts: nothing listens but what the policy's flows need. Addresses are those of
// /proc/net/tcp.
func checkPorts(t *testing.T, h *host, want ...string) {
	t.Helper()
	out, err := h.run(t.Context(), "cat /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(out) {
		words := strings.Fields(line)
		const listening, unconnected = "0A", "07"
		if len(words) > 3 && (words[3] == listening || words[3] == unconnected) {
			got = append(got, words[1])
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s listens on: %s", h.name, diff)
	}
}

// checkSockets: each Unix socket is reached by those that the guide says, and nobody else.
func checkSockets(t *testing.T, h *host) {
	t.Helper()
	for socket, may := range map[string][]string{
		"/run/dukou/gate/socket":   {"dukou-gate", "dukou-inner"},
		"/run/dukou/inner/socket":  {"dukou-inner"},
		"/run/dukou/signer/socket": {"dukou-center", "dukou-signer"},
		"/run/dukou/center/socket": {"dukou-center"},
	} {
		script := "for user in bank nobody dukou-center dukou-front dukou-gate dukou-inner dukou-outer dukou-signer; do\n" +
			"runuser -u $user -- test -w " + socket + " && echo $user; done; true"
		out, err := h.run(t.Context(), script)
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if diff := cmp.Diff(may, strings.Fields(out)); diff != "" {
			t.Errorf("%s is reached by: %s", socket, diff)
		}
		guarded, err := h.run(t.Context(), "runuser -u bank -G dukou-guard -- test -w "+socket+" && echo yes; true")
		if err != nil || (strings.TrimSpace(guarded) == "yes") != (socket == "/run/dukou/inner/socket") {
			t.Errorf("%s is reached by the group dukou-guard: %q, %v", socket, guarded, err)
		}
	}
}

// checkRemoved: nothing of the packages, their keys and processes is left.
func checkRemoved(t *testing.T, h *host) {
	t.Helper()
	out, err := h.run(t.Context(), listProcesses+"\nls -d /usr/bin/dukou* /usr/lib/systemd/system/dukou* /etc/dukou /var/lib/dukou 2>/dev/null || true")
	if err != nil || strings.TrimSpace(out) != "" {
		t.Errorf("left on %s: %v\n%s", h.name, err, out)
	}
}
