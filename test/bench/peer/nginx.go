// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Nginx is one instance that passes everything on to another Unix socket.
type Nginx struct {
	// Socket is where it listens.
	Socket string
	server *server
}

// StartNginx starts an instance whose files are in dir. It keeps its connections to
// the upstream open, logs nothing, and has as many workers as there are processors.
func StartNginx(ctx context.Context, dir, upstream string) (*Nginx, error) {
	path, err := find("nginx")
	if err != nil {
		return nil, err
	}
	n := &Nginx{Socket: filepath.Join(dir, "socket")}
	var who string
	if os.Geteuid() == 0 {
		who = "user root;" // the upstream is in a directory of ours
	}
	config := fmt.Sprintf(`%s
daemon off;
worker_processes auto;
worker_rlimit_nofile 16384;
pid %s/pid;
error_log stderr error;
events { worker_connections 8192; }
http {
	access_log off;
	client_body_temp_path %s/body; proxy_temp_path %s/proxy; fastcgi_temp_path %s/f; uwsgi_temp_path %s/u; scgi_temp_path %s/s;
	keepalive_requests 1000000000;
	keepalive_timeout 600s;
	upstream next { server unix:%s; keepalive 2048; keepalive_requests 1000000000; keepalive_timeout 600s; }
	server {
		listen unix:%s backlog=4096;
		location / { proxy_pass http://next; proxy_http_version 1.1; proxy_set_header Connection ""; }
	}
}
`, who, dir, dir, dir, dir, dir, dir, upstream, n.Socket)
	file := filepath.Join(dir, "nginx.conf")
	if err := errors.Join(os.MkdirAll(dir, 0o700), os.WriteFile(file, []byte(config), 0o600)); err != nil {
		return nil, err
	}
	if n.server, err = start(path, "-p", dir, "-c", file, "-e", "stderr"); err != nil {
		return nil, err
	}
	if err := await(ctx, "unix", n.Socket); err != nil {
		err = n.server.explain(err)
		n.Close()
		return nil, err
	}
	return n, nil
}

// Close ends the instance.
func (n *Nginx) Close() { n.server.stop() }
