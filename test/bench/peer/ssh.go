// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
)

// SSH is a server of OpenSSH on the loopback, with keys and a configuration of its own.
type SSH struct {
	dir    string
	server *server
	port   int
	user   string
	// Cipher is what client and server have agreed on.
	Cipher string
}

// The first is what newer versions prefer, and the fastest where the processor knows AES.
const ciphers = "aes128-gcm@openssh.com,aes256-gcm@openssh.com"

// privilegeDir is where a server that runs as root wants to be; packages make it at boot.
const privilegeDir = "/run/sshd"

// StartSSH starts a server whose files are in dir. Close ends it.
func StartSSH(ctx context.Context, dir string) (*SSH, error) {
	for _, name := range []string{"ssh", "scp", "ssh-keygen", "sshd"} {
		if _, err := find(name); err != nil {
			return nil, err
		}
	}
	me, err := user.Current()
	if err != nil {
		return nil, err
	}
	s := &SSH{dir: dir, user: me.Username}
	if s.port, err = freePort(); err != nil {
		return nil, err
	}
	if err := s.configure(ctx); err != nil {
		return nil, err
	}
	path, err := find("sshd")
	if err != nil {
		return nil, err
	}
	if s.server, err = start(path, "-D", "-e", "-f", s.path("sshd_config")); err != nil {
		return nil, err
	}
	if err := errors.Join(await(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", s.port)), s.agree(ctx)); err != nil {
		err = s.server.explain(err)
		s.Close()
		return nil, err
	}
	return s, nil
}

// Close ends the server.
func (s *SSH) Close() { s.server.stop() }

func (s *SSH) path(name string) string { return filepath.Join(s.dir, name) }

// configure makes keys and both configurations.
func (s *SSH) configure(ctx context.Context) error {
	if os.Geteuid() == 0 {
		if err := os.MkdirAll(privilegeDir, 0o755); err != nil { //nolint:gosec // as packages make it
			return err
		}
	}
	for _, key := range []string{"host", "client"} {
		if out, err := exec.CommandContext(ctx, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", s.path(key)).CombinedOutput(); err != nil {
			return fmt.Errorf("ssh-keygen: %w: %s", err, out)
		}
	}
	server := fmt.Sprintf(`ListenAddress 127.0.0.1:%d
HostKey %s
AuthorizedKeysFile %s
PidFile none
StrictModes no
PermitRootLogin yes
MaxStartups 100
Subsystem sftp internal-sftp
Ciphers %s
`, s.port, s.path("host"), s.path("client.pub"), ciphers)
	client := fmt.Sprintf(`Host bench
  HostName 127.0.0.1
  Port %d
  User %s
  IdentityFile %s
  IdentitiesOnly yes
  BatchMode yes
  LogLevel ERROR
  StrictHostKeyChecking no
  UserKnownHostsFile /dev/null
  Compression no
  Ciphers %s
`, s.port, s.user, s.path("client"), ciphers)
	return errors.Join(
		os.WriteFile(s.path("sshd_config"), []byte(server), 0o600),
		os.WriteFile(s.path("ssh_config"), []byte(client), 0o600),
	)
}

// agree logs in once and finds out the cipher.
func (s *SSH) agree(ctx context.Context) error {
	out, err := exec.CommandContext(ctx, "ssh", "-v", "-F", s.path("ssh_config"), "-o", "LogLevel=DEBUG1", "bench", "true").CombinedOutput()
	if err != nil {
		return fmt.Errorf("ssh: %w: %s", err, bytes.TrimSpace(out))
	}
	if _, after, found := strings.Cut(string(out), "server->client cipher: "); found {
		s.Cipher, _, _ = strings.Cut(after, " ")
	}
	return nil
}

// Copy copies a file or a folder to another path by scp.
func (s *SSH) Copy(ctx context.Context, from, to string) error {
	out, err := exec.CommandContext(ctx, "scp", "-q", "-r", "-F", s.path("ssh_config"), from, "bench:"+to).CombinedOutput()
	if err != nil {
		return fmt.Errorf("scp: %w: %s", err, bytes.TrimSpace(out))
	}
	return nil
}
