// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package packages

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// root is the folder of the module.
const root = "../.."

// epoch is the time in the packages that the tests build.
const epoch = "1795305600"

// release is one run of deploy/package.sh.
type release struct {
	dir     string // where everything lies: packages, documents, sums
	archive string
	public  []byte // PEM of the key that the sums are signed with
	key     string // file of its private half
}

var first struct { //nolint:gochecknoglobals // built once for all tests
	once sync.Once
	dir  string
	made release
	err  error
}

// built is the release that the tests share.
func built(t *testing.T) release {
	t.Helper()
	for _, tool := range []string{"openssl", "tar", "gzip", "sha256sum"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("packages are built with %s, which is not here", tool)
		}
	}
	first.once.Do(func() {
		first.dir, first.err = os.MkdirTemp("", "dukou-package-")
		if first.err == nil {
			first.made, first.err = makeFirst(first.dir)
		}
	})
	if first.err != nil {
		t.Fatal(first.err)
	}
	return first.made
}

func makeFirst(dir string) (release, error) {
	r := release{key: filepath.Join(dir, "key")}
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return r, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return r, err
	}
	if err := os.WriteFile(r.key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		return r, err
	}
	if der, err = x509.MarshalPKIXPublicKey(public); err != nil {
		return r, err
	}
	r.public = pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	r.dir, r.archive, err = buildRelease(root, filepath.Join(dir, "out"), "KEY="+r.key, "TRIMPATH=")
	return r, err
}

// copySource copies what packages are made of.
func copySource(from, to string) error {
	if err := os.Mkdir(to, 0o755); err != nil {
		return err
	}
	names := []string{
		"cmd", "internal", "examples", "docs", "deploy", "test/isolation", "go.mod", "go.sum",
		"LICENSE", "README.md", "README.zh-CN.md", "CHANGELOG.md", "SECURITY.md", "ARCHITECTURE.md",
	}
	for _, name := range names {
		target := filepath.Join(to, name)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		if out, err := exec.Command("cp", "-r", filepath.Join(from, name), target).CombinedOutput(); err != nil { //nolint:noctx // short
			return fmt.Errorf("%w: %s", err, out)
		}
	}
	return nil
}

func buildRelease(source, out string, environment ...string) (dir, archive string, err error) {
	cmd := exec.Command(filepath.Join(source, "deploy/package.sh"), out) //nolint:noctx // the test's deadline ends it
	cmd.Env = append(os.Environ(), "VERSION=v0.0.1-rc2", "SOURCE_DATE_EPOCH="+epoch, "ARCHES="+runtime.GOARCH)
	cmd.Env = append(cmd.Env, environment...)
	var said, complained bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &complained
	if err := cmd.Run(); err != nil {
		return "", "", fmt.Errorf("%w: %s", err, complained.Bytes())
	}
	archive = strings.TrimSpace(said.String())
	return strings.TrimSuffix(archive, ".tar.gz"), archive, nil
}

// TestReproducible builds the same source again, as releases are built: elsewhere, with
// nothing compiled yet, in another time zone and locale, with other settings of the
// compiler. The bytes are the same.
func TestReproducible(t *testing.T) {
	if os.Getenv("DUKOU_LONG") == "" {
		t.Skip("everything is compiled anew, twice: make long does it")
	}
	r, source := rebuilt(t, built(t).key)
	environment := []string{"KEY=" + r.key, "TZ=Asia/Shanghai", "LC_ALL=C.UTF-8", "GOAMD64=v2", "GOFLAGS=-v", "GOCACHE=" + t.TempDir()}
	again, archive, err := buildRelease(source, filepath.Join(t.TempDir(), "out"), environment...)
	if err != nil {
		t.Fatal(err)
	}
	one, two := sums(t, r.dir), sums(t, again)
	for name := range one {
		if one[name] != two[name] {
			t.Errorf("%s differs", name)
		}
	}
	if len(one) != len(two) {
		t.Errorf("%d files, then %d", len(one), len(two))
	}
	if !t.Failed() && sumOf(t, r.archive) != sumOf(t, archive) {
		t.Error("the files are the same, the archive is not")
	}
}

// rebuilt is what a release would be, and another copy of the source that it came from.
func rebuilt(t *testing.T, key string) (r release, copied string) {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"one", "a rather longer name"} {
		copied = filepath.Join(dir, name)
		if err := copySource(root, copied); err != nil {
			t.Fatal(err)
		}
	}
	var err error
	if r.dir, r.archive, err = buildRelease(filepath.Join(dir, "one"), filepath.Join(dir, "out"), "KEY="+key); err != nil {
		t.Fatal(err)
	}
	return r, copied
}

func sums(t *testing.T, dir string) map[string][32]byte {
	t.Helper()
	m := map[string][32]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		m[rel] = sumOf(t, path)
		return err
	})
	if err != nil || len(m) == 0 {
		t.Fatalf("%d files in %s, %v", len(m), dir, err)
	}
	return m
}

func sumOf(t *testing.T, file string) [32]byte {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return sha256.Sum256(data)
}

// TestSigned: the list of sums lists every file as it is, and the signature holds for the
// list and no other.
func TestSigned(t *testing.T) {
	r := built(t)
	list, err := os.ReadFile(filepath.Join(r.dir, "SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	signature, err := os.ReadFile(filepath.Join(r.dir, "SHA256SUMS.sig"))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(r.public)
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if !ed25519.Verify(key.(ed25519.PublicKey), list, signature) {
		t.Error("the signature does not hold")
	}
	if ed25519.Verify(key.(ed25519.PublicKey), append(list, ' '), signature) {
		t.Error("the signature holds for another list")
	}
	all := sums(t, r.dir)
	delete(all, "SHA256SUMS")
	delete(all, "SHA256SUMS.sig")
	for line := range strings.Lines(string(list)) {
		sum, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		if want := all[name]; sum != fmt.Sprintf("%x", want) {
			t.Errorf("%s: listed as %s, is %x", name, sum, want)
		}
		delete(all, name)
	}
	for name := range all {
		t.Errorf("%s is not listed", name)
	}
}

// TestOtherArchitectures compiles what depends on the architecture for those that this
// machine is not: the numbers of system calls, the layouts of the kernel's structures.
func TestOtherArchitectures(t *testing.T) {
	what := []string{"./internal/confine", "./internal/guard/link", "./internal/neighbour"}
	if os.Getenv("DUKOU_LONG") != "" {
		what = []string{"./cmd/...", "./internal/..."}
	}
	for _, arch := range []string{"amd64", "arm64", "loong64"} {
		cmd := exec.CommandContext(t.Context(), "go", append([]string{"build"}, what...)...)
		cmd.Dir, cmd.Env = root, append(os.Environ(), "GOOS=linux", "GOARCH="+arch, "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", arch, err, out)
		}
	}
}
