// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package vault encrypts what lies on a component's disk: records, and bodies by
// chunk. Every primitive is the standard library's: HKDF with SHA-256, and AES-256 in
// GCM.
//
// A key file is 64 lower-case hexadecimal digits and a line feed. Where the service
// manager hands a credential of the file's name to the process, that is the key, and
// no file is looked at.
//
// A sealed record is salt:16 nonce:12 ciphertext tag:16 under the key that HKDF makes
// of the store's key, the salt, and the purpose of the record. A salt lasts for one
// [Sealer], so that the random nonces of one key stay few.
//
// A sealed body is "DUKOUBD1" salt:24, then every chunk of [ChunkSize] bytes, the last
// one shorter, as ciphertext tag:16. Its key comes from the store's key, the salt, and
// the name of the body; the nonce is the number of the chunk. The salt is drawn for
// each writing of a body, so that no key and nonce ever seal two chunks.
package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Key is the key of a component's store. It is secret.
type Key [32]byte

// Format hides the key, whatever it is formatted as.
func (Key) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(hidden)) }

// MarshalText hides the key from logs.
func (Key) MarshalText() ([]byte, error) { return []byte(hidden), nil }

const hidden = "vault key"

// ErrOpen says that something was not sealed under this key for this purpose, or was changed.
var ErrOpen = errors.New("vault: it does not open: another key, or it was changed")

// keyFileSize is the length of a key file in bytes.
const keyFileSize = 2*len(Key{}) + 1

// Load gives the key of the file path, which it makes when it is not there. Where the
// directory that $CREDENTIALS_DIRECTORY names has a file of the same base name, the
// key is read from there instead.
func Load(path string) (Key, error) {
	if dir := os.Getenv("CREDENTIALS_DIRECTORY"); dir != "" {
		k, err := read(filepath.Join(dir, filepath.Base(path)), 0)
		if !errors.Is(err, fs.ErrNotExist) {
			return k, err
		}
	}
	k, err := read(path, 0o077)
	if !errors.Is(err, fs.ErrNotExist) {
		return k, err
	}
	if err := create(path); err != nil {
		return Key{}, fmt.Errorf("make key file: %w", err)
	}
	return read(path, 0o077) // another process may have been first
}

// read reads a key file that has none of the forbidden permissions. What the service
// manager hands over is guarded by its directory.
func read(path string, forbidden fs.FileMode) (k Key, err error) {
	f, err := os.Open(path)
	if err != nil {
		return k, fmt.Errorf("read key file: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return k, fmt.Errorf("read key file: %w", err)
	}
	text := make([]byte, keyFileSize)
	if !info.Mode().IsRegular() || info.Mode().Perm()&forbidden != 0 || info.Size() != int64(keyFileSize) {
		return k, fmt.Errorf("key file %s: mode %v, %d bytes; it must be a file of %d bytes that only its owner may read", path, info.Mode(), info.Size(), keyFileSize)
	}
	if _, err := f.ReadAt(text, 0); err != nil {
		return k, fmt.Errorf("read key file: %w", err)
	}
	if n, err := hex.Decode(k[:], text[:keyFileSize-1]); err != nil || n != len(k) || text[keyFileSize-1] != '\n' {
		return Key{}, fmt.Errorf("key file %s does not hold a key", path) // never what it holds
	}
	return k, nil
}

// create makes a key file, whole and on the disk before it has its name.
func create(path string) error {
	var k Key
	_, _ = rand.Read(k[:]) // never fails
	temp := fmt.Sprintf("%s.%s.tmp", path, rand.Text())
	if err := writeSynced(temp, append(hex.AppendEncode(nil, k[:]), '\n')); err != nil {
		return errors.Join(err, os.Remove(temp))
	}
	err := unix.Renameat2(unix.AT_FDCWD, temp, unix.AT_FDCWD, path, unix.RENAME_NOREPLACE)
	if errors.Is(err, fs.ErrExist) {
		err = os.Remove(temp)
	}
	if err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func writeSynced(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}

// block is AES-256 under a key made of k, a salt and a purpose. There is no error: the
// lengths are right.
func (k Key) block(salt []byte, purpose string) cipher.Block {
	sub, err := hkdf.Key(sha256.New, k[:], salt, purpose, len(k))
	if err != nil {
		panic(err)
	}
	b, err := aes.NewCipher(sub)
	if err != nil {
		panic(err)
	}
	return b
}
