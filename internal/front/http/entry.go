// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package http

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	nethttp "net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/netutil"

	"dukou.dev/dukou/internal/front"
)

// Limits of a listener that no flow sets.
const (
	maxHead        = 32 << 10 // bytes of request line and header
	maxConnections = 4096
	maxFresh       = 2048 // connections that have not asked anything yet
	maxStreams     = 128  // at once on one connection of HTTP/2
	headTimeout    = 10 * time.Second
	readTimeout    = 30 * time.Second // of a whole request
	writeTimeout   = 30 * time.Second // of a whole answer
	idleTimeout    = 2 * time.Minute
	drainTimeout   = 10 * time.Second
)

// DefaultRequests bounds the requests that an entry works on at once.
const DefaultRequests = 1024

// Listener is one address that the entry serves, by HTTP/1.1 and HTTP/2.
type Listener struct {
	Network string // "tcp" or "unix"
	Address string // host:port or a path
	// Certificate and Key are PEM files; both empty for no TLS.
	Certificate string
	Key         string
	// ClientCA is a PEM file of those who certify clients; with it, clients are
	// asked for a certificate, which is verified when it comes.
	ClientCA string
}

// EntryConfig says what an entry serves.
type EntryConfig struct {
	Crossing  front.Crossing
	Front     string // own component id: flows whose Entry it is are served
	Listeners map[string]Listener
	Requests  int // under way at once, DefaultRequests if zero
	Log       *slog.Logger
}

// Entry serves the http flows of the bundle in force.
type Entry struct {
	config  EntryConfig
	table   atomic.Pointer[table]
	slots   chan struct{}
	tls     map[string]*tls.Config
	ready   chan struct{}
	address map[string]net.Addr
	open    map[string]net.Listener
	head    time.Duration // headTimeout, but in tests
	read    time.Duration // readTimeout, but in tests
}

// NewEntry checks the configuration and reads its certificates; Run opens the listeners.
func NewEntry(c EntryConfig) (*Entry, error) {
	if c.Crossing == nil || c.Front == "" || c.Log == nil || len(c.Listeners) == 0 {
		return nil, errors.New("http entry: crossing, front, log and a listener are needed")
	}
	if c.Requests <= 0 {
		c.Requests = DefaultRequests
	}
	e := &Entry{
		config: c, slots: make(chan struct{}, c.Requests), tls: map[string]*tls.Config{},
		ready: make(chan struct{}), address: map[string]net.Addr{}, open: map[string]net.Listener{},
		head: headTimeout, read: readTimeout,
	}
	for name, l := range c.Listeners {
		conf, err := l.tls()
		if err != nil {
			return nil, fmt.Errorf("http listener %q: %w", name, err)
		}
		e.tls[name] = conf
	}
	return e, e.listen()
}

// listen opens every listener now, since a confined process cannot open one later;
// what connects waits until Run.
func (e *Entry) listen() error {
	for name, l := range e.config.Listeners {
		ln, err := l.listen(context.Background())
		if err != nil {
			for _, o := range e.open {
				_ = o.Close()
			}
			return fmt.Errorf("http listener %q: %w", name, err)
		}
		e.open[name], e.address[name] = ln, ln.Addr()
	}
	return nil
}

// tls is the configuration of a listener with a certificate, else nil.
func (l Listener) tls() (*tls.Config, error) {
	if l.Network != "tcp" && l.Network != "unix" || l.Address == "" {
		return nil, fmt.Errorf("network %q, address %q", l.Network, l.Address)
	}
	if l.Certificate == "" && l.Key == "" && l.ClientCA == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(l.Certificate, l.Key)
	if err != nil {
		return nil, err
	}
	conf := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}}
	if l.ClientCA != "" {
		if conf.ClientCAs, err = loadPool(l.ClientCA); err != nil {
			return nil, err
		}
		conf.ClientAuth = tls.VerifyClientCertIfGiven
	}
	return conf, nil
}

func loadPool(path string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s has no certificate", path)
	}
	return pool, nil
}

// Ready is closed when every listener accepts connections.
func (e *Entry) Ready() <-chan struct{} { return e.ready }

// Addr is the address of a listener once Ready is closed; nil for an unknown name.
func (e *Entry) Addr(listener string) net.Addr { return e.address[listener] }

// Run serves until ctx ends, then lets requests under way finish for a while. It
// may be called once.
func (e *Entry) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var running sync.WaitGroup
	for name, ln := range e.open {
		running.Go(func() {
			if err := e.serve(ctx, name, ln); err != nil {
				cancel(fmt.Errorf("http listener %q: %w", name, err))
			}
		})
	}
	close(e.ready)
	running.Wait()
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}

// listen opens the address. A Unix socket that a killed process left behind is
// removed: nobody answers on it.
func (l Listener) listen(ctx context.Context) (net.Listener, error) {
	var lc net.ListenConfig
	lc.SetMultipathTCP(false) // which Landlock's rules for TCP do not see
	ln, err := lc.Listen(ctx, l.Network, l.Address)
	if err == nil || l.Network != "unix" {
		return ln, err
	}
	info, statErr := os.Lstat(l.Address)
	if statErr != nil || info.Mode().Type() != os.ModeSocket {
		return nil, err
	}
	var d net.Dialer
	if c, dialErr := d.DialContext(ctx, "unix", l.Address); dialErr == nil {
		_ = c.Close()
		return nil, err
	}
	if err := os.Remove(l.Address); err != nil {
		return nil, err
	}
	return lc.Listen(ctx, l.Network, l.Address)
}

// serve runs one listener until ctx ends.
func (e *Entry) serve(ctx context.Context, name string, ln net.Listener) error {
	conf := e.tls[name]
	s := e.server(name, conf)
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
		defer cancel()
		if err := s.Shutdown(drain); err != nil {
			e.config.Log.Warn("requests were cut off", "listener", name, "error", err)
			_ = s.Close()
		}
	})
	ln = newDoor(netutil.LimitListener(ln, maxConnections), maxConnections, maxFresh)
	var err error
	if conf == nil {
		err = s.Serve(ln)
	} else {
		err = s.ServeTLS(ln, "", "")
	}
	if !stop() {
		<-stopped
		return nil
	}
	_ = s.Close()
	return err
}

func (e *Entry) server(name string, conf *tls.Config) *nethttp.Server {
	var protocols nethttp.Protocols
	protocols.SetHTTP1(true)
	scheme := "http"
	if conf == nil {
		protocols.SetUnencryptedHTTP2(true)
	} else {
		protocols.SetHTTP2(true)
		scheme = "https"
	}
	h := handler{e, name, scheme}
	return &nethttp.Server{
		Handler: h, TLSConfig: conf, Protocols: &protocols,
		DisableGeneralOptionsHandler: true, MaxHeaderBytes: maxHead, ConnState: h.noteState, ConnContext: withVisitor,
		ReadHeaderTimeout: e.head, ReadTimeout: e.read, IdleTimeout: idleTimeout,
		HTTP2:    &nethttp.HTTP2Config{MaxConcurrentStreams: maxStreams, SendPingTimeout: idleTimeout, WriteByteTimeout: writeTimeout},
		ErrorLog: slog.NewLogLogger(e.config.Log.With("listener", name).Handler(), slog.LevelDebug),
	}
}

// routes are those of the bundle in force, compiled once for each bundle.
func (e *Entry) routes() *table {
	p := e.config.Crossing.Policy()
	if t := e.table.Load(); t != nil && t.policy == p {
		return t
	}
	t := newTable(p, e.config.Front, e.config.Log)
	e.table.Store(t)
	return t
}
