// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package packages

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Where units come from, and where the stand-in for systemctl keeps what it knows.
const (
	unitDir = "/usr/lib/systemd/system"
	pidDir  = "/run/units"
	logDir  = "/var/log/units"
)

// systemctl does what the guide asks of the real one, without systemd: it starts what a
// unit says as the user that it says, with its groups, capabilities and mask, and stops it.
func systemctl(args []string) error {
	var names []string
	now := false
	for _, a := range args[1:] {
		if a == "--now" {
			now = true
		} else {
			names = append(names, strings.TrimSuffix(a, ".service"))
		}
	}
	for _, name := range names {
		u, err := readUnit(unitDir, name)
		if err != nil {
			return err
		}
		switch verb := args[0]; {
		case verb == "start", verb == "enable" && now:
			err = u.start()
		case verb == "stop", verb == "disable" && now:
			err = u.stop()
		case verb == "restart":
			err = errors.Join(u.stop(), u.start())
		default:
			err = fmt.Errorf("the test's systemctl does not know %q", args)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// unit is a service file: the values of each setting, in their order.
type unit struct {
	name string
	set  map[string][]string
}

// readUnit reads the file of a unit or of its template.
func readUnit(dir, name string) (*unit, error) {
	base, instance, template := strings.Cut(name, "@")
	if template {
		base += "@"
	}
	f, err := os.Open(filepath.Join(dir, base+".service"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	u := &unit{name, map[string][]string{}}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		key, value, ok := strings.Cut(strings.TrimSpace(lines.Text()), "=")
		if ok && !strings.HasPrefix(key, "#") {
			value = strings.NewReplacer("%i", instance, "%I", instance).Replace(value)
			u.set[key] = append(u.set[key], value)
		}
	}
	return u, nil
}

func (u *unit) get(key string) string { return strings.Join(u.set[key], " ") }

// start starts the service, or runs the commands of one that only does something.
func (u *unit) start() error {
	if path := u.get("AssertPathExists"); path != "" {
		if _, err := os.Stat(path); err != nil {
			return fmt.Errorf("assertion failed: %w", err)
		}
	}
	environment, err := u.environment()
	if err != nil {
		return err
	}
	for _, line := range u.set["ExecStart"] {
		line, optional := strings.CutPrefix(line, "-")
		err := u.execute(split(line, environment))
		if err != nil && !optional {
			return err
		}
	}
	return nil
}

// environment reads the unit's files of variables.
func (u *unit) environment() (map[string]string, error) {
	m := map[string]string{}
	for _, name := range u.set["EnvironmentFile"] {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(string(text)) {
			if key, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(key, "#") {
				m[key] = strings.Trim(value, `"`)
			}
		}
	}
	return m, nil
}

// split takes a command line apart as systemd does: by blanks, with '…' kept together and
// a $NAME of its own replaced by the words of its value.
func split(line string, environment map[string]string) []string {
	var words []string
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			words = append(words, part)
			continue
		}
		for _, word := range strings.Fields(part) {
			if name, ok := strings.CutPrefix(word, "$"); ok {
				words = append(words, strings.Fields(environment[name])...)
			} else {
				words = append(words, word)
			}
		}
	}
	return words
}

// execute runs one command as the unit's user; it waits for one of a oneshot service.
func (u *unit) execute(words []string) error {
	keep, err := capabilities(u.get("CapabilityBoundingSet"))
	if err != nil {
		return err
	}
	ambient, err := capabilities(u.get("AmbientCapabilities"))
	if err != nil {
		return err
	}
	credential, err := u.credential()
	if err != nil {
		return err
	}
	log, err := u.openLog()
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(words[0], words[1:]...) //nolint:gosec,noctx // what the unit says; a service is left running
	cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr = []string{path}, "/", log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: credential, AmbientCaps: ambient}
	started := make(chan error)
	go func() { // on a thread that ends with it
		err := holdThread(keep, u.get("UMask"))
		if err == nil {
			err = cmd.Start()
		}
		started <- err
	}()
	if err := <-started; err != nil {
		return err
	}
	if u.get("Type") == "oneshot" {
		return cmd.Wait()
	}
	return os.WriteFile(filepath.Join(pidDir, u.name), []byte(strconv.Itoa(cmd.Process.Pid)), 0o600)
}

// holdThread takes from this thread, and so from what it starts, the way to every other
// capability and to new privileges. It stays locked, so that the thread ends with its
// goroutine.
func holdThread(keep []uintptr, mask string) error {
	runtime.LockOSThread()
	for c := range uintptr(64) {
		if !slices.Contains(keep, c) && unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0) == unix.EINVAL {
			break // past the last one of this kernel
		}
	}
	if mask != "" {
		bits, err := strconv.ParseUint(mask, 8, 12)
		if err != nil {
			return err
		}
		unix.Umask(int(bits))
	}
	return unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
}

func capabilities(names string) ([]uintptr, error) {
	numbers := map[string]uintptr{"CAP_NET_RAW": unix.CAP_NET_RAW, "CAP_NET_ADMIN": unix.CAP_NET_ADMIN}
	var list []uintptr
	for _, name := range strings.Fields(names) {
		n, ok := numbers[name]
		if !ok {
			return nil, fmt.Errorf("no unit should need %s", name)
		}
		list = append(list, n)
	}
	return list, nil
}

// credential is the unit's user with the groups that the host's lists and the unit give it.
func (u *unit) credential() (*syscall.Credential, error) {
	name := u.get("User")
	if name == "" {
		return nil, nil //nolint:nilnil // root, as this process is
	}
	var c syscall.Credential
	ids := []*uint32{&c.Uid, &c.Gid}
	for i, flag := range []string{"-u", "-g"} {
		list, err := id(flag, name)
		if err != nil {
			return nil, err
		}
		*ids[i] = list[0]
	}
	var err error
	if c.Groups, err = id("-G", name); err != nil {
		return nil, err
	}
	for _, group := range strings.Fields(u.get("SupplementaryGroups")) {
		out, err := exec.Command("getent", "group", group).Output() //nolint:gosec,noctx // of a unit; short
		if err != nil {
			return nil, fmt.Errorf("group %s: %w", group, err)
		}
		n, err := strconv.ParseUint(strings.Split(string(out), ":")[2], 10, 32)
		if err != nil {
			return nil, err
		}
		c.Groups = append(c.Groups, uint32(n))
	}
	return &c, nil
}

func id(flag, user string) ([]uint32, error) {
	out, err := exec.Command("id", flag, user).Output() //nolint:gosec,noctx // of a unit; short
	if err != nil {
		return nil, fmt.Errorf("user %s: %w", user, err)
	}
	var list []uint32
	for _, word := range strings.Fields(string(out)) {
		n, err := strconv.ParseUint(word, 10, 32)
		if err != nil {
			return nil, err
		}
		list = append(list, uint32(n))
	}
	return list, nil
}

func (u *unit) openLog() (*os.File, error) {
	if err := errors.Join(os.MkdirAll(pidDir, 0o700), os.MkdirAll(logDir, 0o700)); err != nil {
		return nil, err
	}
	return os.OpenFile(filepath.Join(logDir, u.name), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
}

// stop tells a service to end and waits until it has.
func (u *unit) stop() error {
	text, err := os.ReadFile(filepath.Join(pidDir, u.name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	pid, err := strconv.Atoi(string(text))
	if err != nil {
		return err
	}
	fd, err := unix.PidfdOpen(pid, 0)
	if err == unix.ESRCH {
		return errors.New("it had ended by itself")
	}
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if err := unix.PidfdSendSignal(fd, unix.SIGTERM, nil, 0); err != nil {
		return err
	}
	poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	n, err := unix.Poll(poll, int((20 * time.Second).Milliseconds()))
	if err != nil || n == 0 {
		return fmt.Errorf("it did not end: %w", err)
	}
	return os.Remove(filepath.Join(pidDir, u.name))
}
