// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml"

	"dukou.dev/dukou/internal/confine"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/daemon"
	"dukou.dev/dukou/internal/front/file"
	"dukou.dev/dukou/internal/front/http"
)

// config is a front's own configuration: where things are on its host. What may
// cross is in the bundle, and names the listeners, targets and directories here.
type config struct {
	Identity    string               `yaml:"identity"`    // directory of the admitted identity
	State       string               `yaml:"state"`       // directory of the bundle, the lease and the journal
	Guard       string               `yaml:"guard"`       // this side's half: HOST:PORT or unix:PATH
	Listeners   map[string]listener  `yaml:"listeners"`   // of http flows that enter here
	Targets     map[string]target    `yaml:"targets"`     // applications of http flows that leave here
	Directories map[string]directory `yaml:"directories"` // watched, of file flows that enter here
	Deliveries  map[string]string    `yaml:"deliveries"`  // directories of file flows that leave here
	Terminals   string               `yaml:"terminals"`   // where terminals connect: HOST:PORT or unix:PATH; empty for nowhere
	Mailboxes   map[string]string    `yaml:"mailboxes"`   // terminal of a file flow that leaves here

	name string   // of the file
	text []byte   // of the file
	args []string // of the program
}

type listener struct {
	Address     string `yaml:"address"` // HOST:PORT or unix:PATH
	Certificate string `yaml:"certificate"`
	Key         string `yaml:"key"`
	ClientCA    string `yaml:"client-ca"`
}

type target struct {
	Address string `yaml:"address"` // http://HOST:PORT, https://HOST:PORT or unix:PATH
	Host    string `yaml:"host"`
	CA      string `yaml:"ca"`
	Pin     string `yaml:"pin"`
}

type directory struct {
	Path string `yaml:"path"`
	// Subject for which its files are sent; the front itself by default.
	Subject string `yaml:"subject"`
}

// readConfig reads a configuration strictly; relative paths are relative to its file.
func readConfig(name string) (config, error) {
	var c config
	text, err := os.ReadFile(name)
	if err != nil {
		return c, err
	}
	c.name, c.text = name, text
	if err := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(&c); err != nil {
		return c, fmt.Errorf("%s: %s", name, yaml.FormatError(err, false, true))
	}
	for key, value := range map[string]string{"identity": c.Identity, "state": c.State, "guard": c.Guard} {
		if value == "" {
			return c, fmt.Errorf("%s: %s is missing", name, key)
		}
	}
	base, err := filepath.Abs(filepath.Dir(name))
	if err != nil {
		return c, err
	}
	for _, path := range []*string{&c.Identity, &c.State} {
		if !filepath.IsAbs(*path) {
			*path = filepath.Join(base, *path)
		}
	}
	return c, nil
}

// rules are what a front with this configuration may do once it is built: its own
// directories, and connections to its guard and its applications.
func (c config) rules() (confine.Rules, error) {
	r := confine.Rules{Write: []string{c.Identity, c.State}, Watch: true}
	for _, d := range c.Directories {
		r.Write = append(r.Write, d.Path)
	}
	for _, path := range c.Deliveries {
		r.Write = append(r.Write, path)
	}
	addresses := []string{c.Guard}
	for _, t := range c.Targets {
		_, rest, http := strings.Cut(t.Address, "://") // else unix:PATH
		if !http {
			rest = t.Address
		}
		addresses = append(addresses, strings.TrimSuffix(rest, "/"))
	}
	for _, address := range addresses {
		if err := r.Dial(address); err != nil {
			return r, err
		}
	}
	return r, nil
}

// effective is what the center is told when it asks what this front runs with: its
// file, and the digests of those that this names.
func (c config) effective(id string) control.Effective {
	var files []string
	for _, l := range c.Listeners {
		files = append(files, l.Certificate, l.Key, l.ClientCA)
	}
	for _, t := range c.Targets {
		files = append(files, t.CA)
	}
	return control.EffectiveOf(control.Program{Component: id, Name: "dukou-front", Version: version, Arguments: c.args}, c.name, c.text, files...)
}

func (c config) directories(self string) map[string]file.Directory {
	m := make(map[string]file.Directory, len(c.Directories))
	for name, d := range c.Directories {
		if d.Subject == "" {
			d.Subject = self
		}
		m[name] = file.Directory{Path: d.Path, Subject: d.Subject}
	}
	return m
}

func (c config) targets() map[string]http.Target {
	m := make(map[string]http.Target, len(c.Targets))
	for name, t := range c.Targets {
		m[name] = http.Target{Address: t.Address, Host: t.Host, CA: t.CA, Pin: t.Pin}
	}
	return m
}

func (c config) listeners() (map[string]http.Listener, error) {
	m := make(map[string]http.Listener, len(c.Listeners))
	for name, l := range c.Listeners {
		network, address, err := daemon.Split(l.Address)
		if err != nil {
			return nil, fmt.Errorf("listener %q: %w", name, err)
		}
		m[name] = http.Listener{Network: network, Address: address, Certificate: l.Certificate, Key: l.Key, ClientCA: l.ClientCA}
	}
	return m, nil
}
