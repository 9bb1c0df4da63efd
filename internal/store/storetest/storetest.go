// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package storetest gives tests fresh databases of each kind: a file of SQLite, and a
// real PostgreSQL that it starts where its programs are installed.
//
//	func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }
//
//	func TestAccounts(t *testing.T) {
//		storetest.Each(t, func(t *testing.T, db *store.DB) { … })
//	}
package storetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"dukou.dev/dukou/internal/store"
)

// server is the one PostgreSQL of a test process.
type server struct {
	once      sync.Once
	dir       string
	err       error
	databases atomic.Int64
}

var postgres server //nolint:gochecknoglobals // one for the whole test process, ended by Main

// Main runs a package's tests and ends the PostgreSQL that they have started.
func Main(m *testing.M) int {
	code := m.Run()
	if err := postgres.stop(); err != nil {
		fmt.Fprintln(os.Stderr, "storetest: end PostgreSQL:", err)
		return 1
	}
	return code
}

// Each runs a test on a fresh database of each kind.
func Each(t *testing.T, test func(t *testing.T, db *store.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, open(t, "sqlite:"+filepath.Join(t.TempDir(), "center.db"))) })
	t.Run("postgres", func(t *testing.T) { test(t, open(t, Postgres(t))) })
}

// SQLite is a fresh database in a file, for tests in which the kind makes no difference.
func SQLite(t testing.TB) *store.DB {
	t.Helper()
	return open(t, "sqlite:"+filepath.Join(t.TempDir(), "center.db"))
}

func open(t testing.TB, url string) *store.DB {
	t.Helper()
	db, err := store.Open(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// Postgres is the URL of a fresh, empty database. The test is skipped, with the reason,
// where PostgreSQL is not installed.
func Postgres(t testing.TB) string {
	t.Helper()
	postgres.once.Do(func() { postgres.err = postgres.start() })
	if errors.Is(postgres.err, errNotInstalled) {
		t.Skip(postgres.err)
	}
	if postgres.err != nil {
		t.Fatal(postgres.err)
	}
	admin, err := sql.Open("pgx", postgres.url("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	name := fmt.Sprintf("t%d", postgres.databases.Add(1))
	if _, err := admin.ExecContext(context.Background(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	return postgres.url(name)
}

func (s *server) url(database string) string {
	return "postgres:///" + database + "?host=" + s.dir + "&user=postgres&sslmode=disable"
}

var errNotInstalled = errors.New("PostgreSQL's programs (initdb, pg_ctl) are not installed here: on Debian, apt-get install postgresql")

// program finds one of PostgreSQL's programs, which Debian keeps out of the PATH.
func program(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if err != nil || len(found) == 0 {
		return "", errNotInstalled
	}
	return found[len(found)-1], nil
}

// start makes a cluster in a directory of its own and starts a server that listens on a
// Unix socket there and nowhere else.
func (s *server) start() error {
	initdb, err := program("initdb")
	if err != nil {
		return err
	}
	if s.dir, err = os.MkdirTemp("", "pg"); err != nil {
		return err
	}
	if err := s.own(); err != nil {
		return err
	}
	data := filepath.Join(s.dir, "data")
	if err := s.run(initdb, "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"); err != nil {
		return err
	}
	pgctl, err := program("pg_ctl")
	if err != nil {
		return err
	}
	return s.run(pgctl, "start", "-w", "-D", data, "-l", filepath.Join(s.dir, "log"),
		"-o", "-c listen_addresses='' -c fsync=off -c max_connections=200 -c unix_socket_directories="+s.dir)
}

func (s *server) stop() error {
	if s.dir == "" {
		return nil
	}
	pgctl, err := program("pg_ctl")
	if err != nil {
		return err
	}
	return errors.Join(s.run(pgctl, "stop", "-m", "immediate", "-D", filepath.Join(s.dir, "data")), os.RemoveAll(s.dir))
}

// own gives the directory to the user that the server will run as: it refuses to be root.
func (s *server) own() error {
	uid, gid, err := serverUser()
	if err != nil || uid == os.Getuid() {
		return err
	}
	return os.Chown(s.dir, uid, gid)
}

func serverUser() (uid, gid int, err error) {
	if os.Getuid() != 0 {
		return os.Getuid(), os.Getgid(), nil
	}
	u, err := user.Lookup("nobody")
	if err != nil {
		return 0, 0, err
	}
	uid, err = strconv.Atoi(u.Uid)
	if err != nil {
		return 0, 0, err
	}
	gid, err = strconv.Atoi(u.Gid)
	return uid, gid, err
}

func (s *server) run(name string, args ...string) error {
	uid, gid, err := serverUser()
	if err != nil {
		return err
	}
	out, err := os.Create(filepath.Join(s.dir, filepath.Base(name)+".out"))
	if err != nil {
		return err
	}
	defer out.Close()
	c := exec.Command(name, args...)
	c.Dir, c.Stdout, c.Stderr = s.dir, out, out // a file: a pipe would be held open by the server
	if uid != os.Getuid() {
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	}
	if err := c.Run(); err != nil {
		text, _ := os.ReadFile(out.Name()) // says why
		return fmt.Errorf("%s: %w: %s", filepath.Base(name), err, text)
	}
	return nil
}
