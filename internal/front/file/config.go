// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package file

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/front"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/vault"
)

// Directory is one watched directory.
type Directory struct {
	Path    string
	Subject string // name of the subject, in this zone, for which its files are sent
}

// Config is what an Entry needs.
type Config struct {
	Front       string // component id of this front
	Zone        string
	Conveyor    front.Conveyor
	Directories map[string]Directory // by Flow.Listener
	State       string               // directory for flows without a watched directory; empty for none
	Key         vault.Key            // of what is spooled
	Workers     int                  // deliveries under way at once in each flow; 0 means 64
	MaxPending  int                  // accepted and not delivered, in each flow, above which no file is taken; 0 means 4096
	Log         *slog.Logger
}

func (c *Config) check() error {
	if c.Front == "" || c.Zone == "" || c.Conveyor == nil || c.Log == nil {
		return errors.New("file entry: front, zone, conveyor and log are needed")
	}
	for listener, d := range c.Directories {
		if !filepath.IsAbs(d.Path) || d.Subject == "" {
			return fmt.Errorf("file entry: directory %q: path %q is not absolute, or it has no subject", listener, d.Path)
		}
	}
	if c.Workers == 0 {
		c.Workers = 64 // small files share syncs, and wait for some: that many are on the way at 1,000 a second
	}
	if c.MaxPending == 0 {
		c.MaxPending = usualPending
	}
	return nil
}

// Check looks at a file that has come whole, before it is released: the checks of a
// flow by content. Its errors are those of exchange.Sink's Place.
type Check func(ctx context.Context, f *policy.Flow, name, path string) error

// ExitConfig is what an Exit needs.
type ExitConfig struct {
	Front     string                // component id of this front
	Zone      string                //
	Policy    func() *policy.Policy // the bundle in force, nil before the first
	Targets   map[string]string     // directory by Flow.Target
	Mailboxes map[string]string     // terminal by Flow.Target
	State     string                // directory for mailboxes
	Key       vault.Key             // of what is spooled
	Check     Check                 // may be nil
	Log       *slog.Logger
}

func (c *ExitConfig) check() error {
	if c.Front == "" || c.Zone == "" || c.Policy == nil || c.Log == nil {
		return errors.New("file exit: front, zone, policy and log are needed")
	}
	for target, path := range c.Targets {
		if _, twice := c.Mailboxes[target]; twice || !filepath.IsAbs(path) {
			return fmt.Errorf("file exit: target %q: path %q is not absolute, or it is a mailbox, too", target, path)
		}
	}
	if len(c.Mailboxes) > 0 && !filepath.IsAbs(c.State) {
		return fmt.Errorf("file exit: mailboxes need a state directory, %q is not absolute", c.State)
	}
	return nil
}

// usualPending is how many deliveries may wait in one outbox.
const usualPending = 4096

// own is the name of the front's directory inside of a watched or target directory.
const own = ".dukou"

// Home makes the directory of this program inside of dir, which must be there, and
// gives its path.
func Home(dir string) (string, error) {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return "", fmt.Errorf("directory %s is not there: %w", dir, err)
	}
	path := filepath.Join(dir, own)
	if err := durable.MkdirAll(path, 0o700); err != nil {
		return "", err
	}
	var s unix.Stat_t
	if err := unix.Lstat(path, &s); err != nil {
		return "", fmt.Errorf("directory %s: %w", path, err)
	}
	if s.Mode&unix.S_IFMT != unix.S_IFDIR || s.Mode&0o022 != 0 || int(s.Uid) != os.Geteuid() {
		return "", fmt.Errorf("%s is not a directory that only this user may write to", path)
	}
	return path, nil
}

// look is how often a new bundle is looked for.
const look = 250 * time.Millisecond

// again is how often what could not be opened is tried once more.
const again = 5 * time.Second

// complaint logs an error when it differs from the last one, so that a lasting
// trouble is told once.
type complaint struct {
	log  *slog.Logger
	what string

	mu   sync.Mutex
	last string
}

// note takes the outcome of a try.
func (c *complaint) note(ctx context.Context, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case err == nil && c.last != "":
		c.last = ""
		c.log.LogAttrs(ctx, slog.LevelInfo, c.what+" works again")
	case err != nil && err.Error() != c.last:
		c.last = err.Error()
		c.log.LogAttrs(ctx, slog.LevelWarn, c.what+" failed and is tried again", slog.Any("error", err))
	}
}
