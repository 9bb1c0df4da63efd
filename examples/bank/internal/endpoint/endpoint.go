// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package endpoint reads the addresses that the example's commands take, HOST:PORT
// and unix:PATH, and serves HTTP on them.
package endpoint

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"

	"golang.org/x/net/netutil"
)

const (
	unixPrefix = "unix:"
	// connections is the most that a server keeps open at once.
	connections = 1024
	// drain is how long a server that ends waits for requests under way.
	drain = 5 * time.Second
)

// Listen listens on HOST:PORT or unix:PATH. A socket file that nobody serves any
// more is replaced; one that answers is not.
func Listen(ctx context.Context, address string) (net.Listener, error) {
	network, address := split(address)
	if network == "unix" {
		if err := removeStale(ctx, address); err != nil {
			return nil, err
		}
	}
	var config net.ListenConfig
	l, err := config.Listen(ctx, network, address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	return netutil.LimitListener(l, connections), nil
}

// Name is the address of a listener in the form that [Listen] takes.
func Name(l net.Listener) string {
	if l.Addr().Network() == "unix" {
		return unixPrefix + l.Addr().String()
	}
	return l.Addr().String()
}

// Serve answers requests on l until ctx ends, then lets those under way finish.
func Serve(ctx context.Context, l net.Listener, h http.Handler) error {
	server := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    16 << 10,
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve on %s: %w", Name(l), err)
	case <-ctx.Done():
	}
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	err := server.Shutdown(limit)
	if err != nil {
		err = errors.Join(err, server.Close())
	}
	<-ended //nolint:errcheck // it says that it was shut down
	return err
}

// Upstream reads the address of a server, http://HOST:PORT or unix:PATH, and returns
// the base of its URLs and a transport that reaches it and nothing else: no proxy
// from the environment.
func Upstream(address string) (*url.URL, *http.Transport, error) {
	transport := &http.Transport{
		MaxIdleConnsPerHost:   64,
		MaxConnsPerHost:       256,
		IdleConnTimeout:       30 * time.Second,
		ResponseHeaderTimeout: 30 * time.Second,
		TLSHandshakeTimeout:   5 * time.Second,
	}
	dialer := net.Dialer{Timeout: 5 * time.Second}
	transport.DialContext = dialer.DialContext
	if network, path := split(address); network == "unix" {
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, "unix", path)
		}
		return &url.URL{Scheme: "http", Host: "localhost"}, transport, nil
	}
	base, err := url.Parse(address)
	if err != nil {
		return nil, nil, fmt.Errorf("read the upstream address: %w", err)
	}
	plain := *base
	plain.Scheme, plain.Host = "", ""
	if (base.Scheme != "http" && base.Scheme != "https") || base.Host == "" || strings.Trim(plain.String(), "/") != "" {
		return nil, nil, fmt.Errorf("read the upstream address: %q is neither http://HOST:PORT nor unix:PATH", address)
	}
	return &url.URL{Scheme: base.Scheme, Host: base.Host}, transport, nil
}

func split(address string) (network, rest string) {
	if path, ok := strings.CutPrefix(address, unixPrefix); ok {
		return "unix", path
	}
	return "tcp", address
}

func removeStale(ctx context.Context, path string) error {
	info, err := os.Lstat(path)
	if err != nil || info.Mode().Type() != os.ModeSocket {
		return nil //nolint:nilerr // Listen says what is wrong, if anything is
	}
	dialer := net.Dialer{Timeout: time.Second}
	conn, err := dialer.DialContext(ctx, "unix", path)
	if err == nil {
		conn.Close()
		return fmt.Errorf("listen on %s: somebody serves there", path)
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return nil
	}
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("remove the old socket: %w", err)
	}
	return nil
}
