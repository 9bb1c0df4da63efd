// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"dukou.dev/dukou/internal/durable"
)

// Sessions keeps sessions in a folder that is the user's alone:
//
//	DIR/current            the center of the last login
//	DIR/CENTER/current     the name of the last login there
//	DIR/CENTER/NAME.json   a session
type Sessions struct{ Dir string }

// Session is a session as it is kept. It is a secret.
type Session struct {
	Center string `json:"center"`
	Name   string `json:"name"`
	Secret string `json:"secret"`
	CA     []byte `json:"ca,omitempty"`
	Pin    string `json:"pin,omitempty"`
}

const maxSession = 1 << 20

// Save keeps a session, and makes its account and center those that are meant when
// nothing is said.
func (s Sessions) Save(session Session) error {
	dir := s.folder(session.Center)
	if err := durable.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	data, err := json.Marshal(session)
	if err != nil {
		return err
	}
	return errors.Join(
		durable.WriteFile(s.file(session.Center, session.Name), data, 0o600),
		durable.WriteFile(filepath.Join(dir, "current"), []byte(session.Name), 0o600),
		durable.WriteFile(filepath.Join(s.Dir, "current"), []byte(session.Center), 0o600))
}

// Find is the session of an account at a center, or of the last that signed in there
// when name is empty. That there is none is no error.
func (s Sessions) Find(center, name string) (Session, bool, error) {
	if name == "" {
		var err error
		if name, err = readShort(filepath.Join(s.folder(center), "current")); err != nil || name == "" {
			return Session{}, false, err
		}
	}
	file := s.file(center, name)
	info, err := os.Stat(file)
	if errors.Is(err, fs.ErrNotExist) {
		return Session{}, false, nil
	}
	if err != nil {
		return Session{}, false, err
	}
	if info.Mode().Perm()&0o077 != 0 || info.Size() > maxSession {
		return Session{}, false, fmt.Errorf("%s can be read by others: remove it and sign in again", file)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return Session{}, false, err
	}
	var session Session
	if err := json.Unmarshal(data, &session); err != nil || session.Center != center {
		return Session{}, false, fmt.Errorf("%s is no session: remove it and sign in again", file)
	}
	return session, true, nil
}

// Remove forgets a session.
func (s Sessions) Remove(center, name string) error {
	err := os.Remove(s.file(center, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Center is that of the last login, or empty.
func (s Sessions) Center() (string, error) { return readShort(filepath.Join(s.Dir, "current")) }

func (s Sessions) folder(center string) string {
	sum := sha256.Sum256([]byte(center))
	return filepath.Join(s.Dir, hex.EncodeToString(sum[:8]))
}

func (s Sessions) file(center, name string) string {
	return filepath.Join(s.folder(center), url.PathEscape(name)+".json")
}

func readShort(file string) (string, error) {
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return string(data), err
}
