// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package export

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/problem"
)

// maxTargets is how many receivers there may be.
const maxTargets = 16

// Settings say where entries are sent, and how.
type Settings struct {
	Name        string        `json:"name" pattern:"^[a-z0-9][a-z0-9-]{0,39}$" doc:"lower-case letters, digits and hyphens"`
	Address     string        `json:"address" maxLength:"300" doc:"HOST:PORT of a syslog receiver with TLS" example:"siem.bank.internal:6514"`
	ServerName  string        `json:"serverName,omitempty" maxLength:"253" doc:"name in the receiver's certificate; the host of the address when left out"`
	Form        Form          `json:"form" enum:"ocsf,cef"`
	Framing     Framing       `json:"framing" enum:"octets,newline" doc:"octets is RFC 5425; newline for receivers that do no better"`
	CA          string        `json:"ca" maxLength:"100" doc:"file of PEM certificates that the receiver's is verified with, in the center's directory for exports"`
	Certificate string        `json:"certificate,omitempty" maxLength:"100" doc:"file of the center's own certificate for the receiver, in the same directory"`
	Key         string        `json:"key,omitempty" maxLength:"100" doc:"file of its key, in the same directory"`
	Classes     []audit.Class `json:"classes,omitempty" maxItems:"8" doc:"of entries; all when left out"`
}

// Target is a receiver of entries and how it stands.
type Target struct {
	ID string `json:"id"`
	Settings
	On        bool      `json:"on"`
	Revision  int64     `json:"revision"`
	Sent      int64     `json:"sent" doc:"entries"`
	Dropped   int64     `json:"dropped" doc:"entries that were given up: skipped by somebody, or too long"`
	Backlog   uint64    `json:"backlog" doc:"entries that are in the logs and not yet sent"`
	Connected bool      `json:"connected"`
	LastSent  time.Time `json:"lastSent,omitzero"`
	Last      string    `json:"last,omitempty" doc:"the message that was sent last, as it was"`
	Failure   string    `json:"failure,omitempty" doc:"why the last try failed; it is tried again"`
}

// nameForm is what a target may be called.
var nameForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`) //nolint:gochecknoglobals // compiled once, never changed

// check refuses settings that cannot be meant.
func (s *Settings) check() error {
	var wrong []problem.Field
	add := func(bad bool, name string, why problem.Why) {
		if bad {
			wrong = append(wrong, why.At(name))
		}
	}
	host, port, err := net.SplitHostPort(s.Address)
	file := problem.Because(problem.FileName, "the name of a file in the center's directory for exports")
	number, portErr := strconv.ParseUint(port, 10, 16)
	add(!nameForm.MatchString(s.Name), "name", problem.PlainName(40))
	add(err != nil || host == "" || portErr != nil || number == 0, "address", problem.Like("siem.bank.internal:6514", "HOST:PORT, as siem.bank.internal:6514"))
	add(s.Form != OCSF && s.Form != CEF, "form", problem.OneOf(string(OCSF), string(CEF)))
	add(s.Framing != Octets && s.Framing != Newline, "framing", problem.OneOf(string(Octets), string(Newline)))
	add(!plainName(s.CA), "ca", file)
	add(s.Certificate != "" && !plainName(s.Certificate), "certificate", file)
	add(s.Key != "" && !plainName(s.Key), "key", file)
	add((s.Key == "") != (s.Certificate == ""), "key", problem.Because(problem.Together, "certificate and key come together", "certificate", "key"))
	for i, c := range s.Classes {
		add(!c.Valid(), fmt.Sprintf("classes[%d]", i), problem.Because(problem.NoSuch, "not a class of audit"))
	}
	if wrong != nil {
		return &problem.Error{Code: problem.Invalid, Detail: "the receiver is not described completely", Fields: wrong}
	}
	return nil
}

// plainName tells whether a name is one of a file in a directory and not a way out of it.
func plainName(name string) bool {
	return name != "" && filepath.Base(name) == name && filepath.IsLocal(name) && !strings.HasPrefix(name, ".")
}

const maxPEM = 1 << 20

// tlsConfig reads the files that the settings name.
func (s *Settings) tlsConfig(dir string) (*tls.Config, error) {
	host, _, err := net.SplitHostPort(s.Address)
	if err != nil {
		return nil, err
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host, RootCAs: x509.NewCertPool()}
	if s.ServerName != "" {
		c.ServerName = s.ServerName
	}
	text, err := readPEM(dir, s.CA)
	if err != nil {
		return nil, err
	}
	if !c.RootCAs.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s: no certificate in PEM", s.CA)
	}
	if s.Certificate == "" {
		return c, nil
	}
	certificate, err := readPEM(dir, s.Certificate)
	if err != nil {
		return nil, err
	}
	key, err := readPEM(dir, s.Key)
	if err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return nil, fmt.Errorf("%s and %s: %w", s.Certificate, s.Key, err)
	}
	c.Certificates = []tls.Certificate{pair}
	return c, nil
}

func readPEM(dir, name string) ([]byte, error) {
	root, err := os.OpenRoot(dir) // follows no link out of the directory
	if err != nil {
		return nil, err
	}
	defer root.Close()
	info, err := root.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxPEM {
		return nil, errors.New(name + " is not a file of certificates")
	}
	return root.ReadFile(name)
}

// wants tells whether entries of a class are sent.
func (s *Settings) wants(c audit.Class) bool {
	if len(s.Classes) == 0 {
		return true
	}
	for _, wanted := range s.Classes {
		if wanted == c {
			return true
		}
	}
	return false
}
