// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package packages

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const unitSource = root + "/deploy/systemd"

// services are the units of components, with the capability and the socket families that
// each may have, and the user.
func services() map[string][3]string {
	return map[string][3]string{
		"dukou-outer":      {"dukou-outer", "CAP_NET_RAW", "AF_UNIX AF_INET AF_INET6 AF_NETLINK AF_PACKET"},
		"dukou-gate":       {"dukou-gate", "CAP_NET_RAW", "AF_UNIX AF_NETLINK AF_PACKET"},
		"dukou-inner":      {"dukou-inner", "", "AF_UNIX AF_INET AF_INET6"},
		"dukou-front@zone": {"dukou-front", "", "AF_UNIX AF_INET AF_INET6 AF_NETLINK"},
		"dukou-center":     {"dukou-center", "", "AF_UNIX AF_INET AF_INET6 AF_NETLINK"},
		"dukou-signer":     {"dukou-signer", "", "AF_UNIX"},
	}
}

// TestUnits holds each unit to what docs/operations/production.md says of it.
func TestUnits(t *testing.T) {
	common := map[string]string{
		"NoNewPrivileges": "yes", "ProtectSystem": "strict", "ProtectHome": "yes", "PrivateTmp": "yes", "PrivateDevices": "yes",
		"TemporaryFileSystem": "/var/lib/dukou:ro", "RestrictNamespaces": "yes", "RestrictRealtime": "yes", "RestrictSUIDSGID": "yes",
		"LockPersonality": "yes", "MemoryDenyWriteExecute": "yes", "SystemCallArchitectures": "native", "ProtectProc": "invisible",
		"ProtectClock": "yes", "ProtectControlGroups": "yes", "ProtectHostname": "yes", "ProtectKernelLogs": "yes",
		"ProtectKernelModules": "yes", "ProtectKernelTunables": "yes", "KeyringMode": "private", "RemoveIPC": "yes",
		"MemorySwapMax": "0", "LimitCORE": "0", "Restart": "on-failure", "TasksMax": "512", "LimitNOFILE": "65536",
		"SystemCallFilter": "@system-service ~@privileged @resources capset memfd_create seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self",
	}
	for name, want := range services() {
		u, err := readUnit(unitSource, name)
		if err != nil {
			t.Fatal(err)
		}
		all := maps.Clone(common)
		all["User"], all["Group"], all["CapabilityBoundingSet"], all["AmbientCapabilities"], all["RestrictAddressFamilies"] = want[0], want[0], want[1], want[1], want[2]
		for key, value := range all {
			if got := u.get(key); got != value {
				t.Errorf("%s: %s=%s, want %s", name, key, got, value)
			}
		}
		state := u.get("BindPaths")
		if !strings.HasPrefix(u.get("ExecStart"), "/usr/bin/dukou run --dir "+state+"/") || !strings.HasPrefix(u.get("AssertPathExists"), state+"/") {
			t.Errorf("%s is not started from %s under a manifest", name, state)
		}
		if n, err := strconv.Atoi(strings.TrimRight(u.get("MemoryMax"), "MG")); err != nil || n == 0 {
			t.Errorf("%s: MemoryMax=%s", name, u.get("MemoryMax"))
		}
	}
	files, err := filepath.Glob(unitSource + "/*.service")
	if err != nil || len(files) != len(services())+1 { // and the cable
		t.Errorf("%d units, %v", len(files), err)
	}
}

// TestUsers: every user, group and folder that a unit names is made by a package, and the
// folder of each socket belongs to who listens there.
func TestUsers(t *testing.T) {
	users, folders := lines(t, "sysusers"), lines(t, "tmpfiles")
	for name := range services() {
		u, err := readUnit(unitSource, name)
		if err != nil {
			t.Fatal(err)
		}
		user := u.get("User")
		if !hasLine(users, "u", user) {
			t.Errorf("%s: no package makes the user %s", name, user)
		}
		if group := u.get("SupplementaryGroups"); group != "" && !hasLine(users, "g", group) {
			t.Errorf("%s: no package makes the group %s", name, group)
		}
		if strings.Contains(name, "@") {
			continue // its folder is made with its identity
		}
		if !slices.Contains(folders, fmt.Sprintf("d %s 0700 %s %s -", u.get("BindPaths"), user, user)) {
			t.Errorf("%s: no package makes %s for %s alone", name, u.get("BindPaths"), user)
		}
		run := regexp.MustCompile(`^d ` + u.get("ReadWritePaths") + ` (2750|0700) ` + user + ` `)
		if !slices.ContainsFunc(folders, run.MatchString) {
			t.Errorf("%s: no package makes %s for %s", name, u.get("ReadWritePaths"), user)
		}
	}
}

func lines(t *testing.T, folder string) []string {
	t.Helper()
	files, err := filepath.Glob(root + "/deploy/" + folder + "/*.conf")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, strings.Split(string(text), "\n")...)
	}
	return all
}

func hasLine(lines []string, kind, name string) bool {
	return slices.ContainsFunc(lines, func(line string) bool { return strings.HasPrefix(line, kind+" "+name+" ") })
}

// exposure is how much systemd finds a service exposed, from 0 to 10, at most.
const exposure = 2.0

var overall = regexp.MustCompile(`Overall exposure level for \S+: ([0-9.]+)`)

// TestUnitsBySystemd has systemd itself read the units and judge their confinement.
func TestUnitsBySystemd(t *testing.T) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("systemd-analyze is not here")
	}
	dir := t.TempDir()
	for name := range services() {
		file := filepath.Join(dir, name+".service")
		base, _, template := strings.Cut(name, "@")
		if template {
			base += "@"
		}
		text, err := os.ReadFile(filepath.Join(unitSource, base+".service"))
		if err != nil {
			t.Fatal(err)
		}
		// The program is not installed here; any other will do.
		text = []byte(strings.ReplaceAll(string(text), "ExecStart=/usr/bin/dukou ", "ExecStart=/bin/true "))
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		said, err := exec.CommandContext(t.Context(), "systemd-analyze", "verify", "--man=no", "--recursive-errors=no", file).CombinedOutput()
		if err != nil || len(said) > 0 {
			t.Errorf("%s: %v\n%s", name, err, said)
		}
		said, _ = exec.CommandContext(t.Context(), "systemd-analyze", "security", "--offline=true", "--no-pager", file).CombinedOutput()
		m := overall.FindSubmatch(said)
		if m == nil {
			t.Errorf("%s: %s", name, said)
			continue
		}
		if level, err := strconv.ParseFloat(string(m[1]), 64); err != nil || level > exposure {
			t.Errorf("%s: systemd finds it exposed by %s of 10, %v\n%s", name, m[1], err, said)
		}
	}
}
