// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package load

import (
	"bufio"
	"net"
	"os"
	"sync"
)

// Application answers every request with the same bytes. It is the target of all
// ways that are compared, and does so little that it does not hold them up.
type Application struct {
	listener net.Listener
	answer   []byte
	all      sync.WaitGroup

	mu   sync.Mutex
	open map[net.Conn]bool
}

// Serve starts an application on a Unix socket. Close ends it.
func Serve(socket string, answer []byte) (*Application, error) {
	l, err := net.Listen("unix", socket)
	if err != nil {
		return nil, err
	}
	a := &Application{listener: l, answer: answer, open: map[net.Conn]bool{}}
	a.all.Go(a.accept)
	return a, os.Chmod(socket, 0o666) //nolint:gosec // nginx's workers may be another user
}

// Close cuts every connection off and waits for what serves them.
func (a *Application) Close() {
	a.listener.Close()
	a.mu.Lock()
	for c := range a.open {
		c.Close()
	}
	a.mu.Unlock()
	a.all.Wait()
}

func (a *Application) accept() {
	for {
		c, err := a.listener.Accept()
		if err != nil {
			return
		}
		a.mu.Lock()
		a.open[c] = true
		a.mu.Unlock()
		a.all.Go(func() { a.talk(c) })
	}
}

// talk reads requests without a body and answers each.
func (a *Application) talk(c net.Conn) {
	defer func() {
		c.Close()
		a.mu.Lock()
		delete(a.open, c)
		a.mu.Unlock()
	}()
	in := bufio.NewReaderSize(c, 8<<10)
	for skipHead(in) == nil {
		if _, err := c.Write(a.answer); err != nil {
			return
		}
	}
}

// skipHead reads up to the empty line.
func skipHead(in *bufio.Reader) error {
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) <= 2 {
			return nil
		}
	}
}
