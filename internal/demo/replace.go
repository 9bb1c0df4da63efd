// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
)

// maxOutput bounds what is kept of a stand-in's output, in bytes.
const maxOutput = 16 << 20

// Replace stops a process, runs another static program in its cell, with the same
// directories, sockets and capabilities, until that ends, and starts the process
// again. It returns what the stand-in wrote to standard output; what it wrote to
// standard error is in the process's log.
func (d *Demo) Replace(ctx context.Context, name, path string, args, env []string) ([]byte, error) {
	if err := d.Stop(ctx, name); err != nil {
		return nil, err
	}
	out, err := d.standIn(ctx, name, path, args, env)
	if err != nil {
		err = fmt.Errorf("in the place of %s: %w", name, err)
	}
	return out, errors.Join(err, d.Launch(name))
}

func (d *Demo) standIn(ctx context.Context, name, path string, args, env []string) ([]byte, error) {
	var out bytes.Buffer
	s := d.spec(name)
	s.Path, s.Args, s.Env, s.Stdout = path, args, append(s.Env, env...), &limited{&out, maxOutput}
	if err := d.launch(s, true); err != nil {
		return nil, err
	}
	d.mu.Lock()
	p := d.running[name]
	d.mu.Unlock()
	select {
	case <-p.cell.Done():
	case <-ctx.Done():
		p.cell.Kill()
		return out.Bytes(), ctx.Err()
	}
	if err := p.cell.Wait(); err != nil {
		return out.Bytes(), fmt.Errorf("%w; its last lines:\n%s", err, d.Installation.Tail(name))
	}
	return out.Bytes(), nil
}

// limited takes so many bytes and drops the rest.
type limited struct {
	w    io.Writer
	left int
}

func (l *limited) Write(b []byte) (int, error) {
	n := min(len(b), l.left)
	l.left -= n
	if _, err := l.w.Write(b[:n]); err != nil {
		return 0, err
	}
	return len(b), nil
}
