// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // RFC 6238 as authenticators have it: HMAC with SHA-1 is not broken
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

const otpStep = 30 * time.Second

// authenticator computes the codes of a second factor (RFC 6238: SHA-1, 6 digits, 30 s).
type authenticator []byte

// parseAuthenticator reads an otpauth address, as accounts are given it. It refuses one
// that asks for anything but the usual.
func parseAuthenticator(text string) (authenticator, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "otpauth" || u.Host != "totp" {
		return nil, errors.New("not an address otpauth://totp/…") // not the text itself: it is a secret
	}
	q := u.Query()
	for name, usual := range map[string]string{"algorithm": "SHA1", "digits": "6", "period": "30"} {
		if v := q.Get(name); v != "" && v != usual {
			return nil, fmt.Errorf("an authenticator with %s other than %s", name, usual)
		}
	}
	secret := strings.TrimRight(strings.ToUpper(q.Get("secret")), "=")
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	if err != nil || len(key) < 10 {
		return nil, errors.New("an authenticator whose secret cannot be read")
	}
	return key, nil
}

// code is the code of a moment.
func (a authenticator) code(at time.Time) string {
	var step [8]byte
	binary.BigEndian.PutUint64(step[:], uint64(at.Unix())/uint64(otpStep/time.Second))
	mac := hmac.New(sha1.New, a)
	mac.Write(step[:])
	sum := mac.Sum(nil)
	at4 := sum[len(sum)-1] & 0xf
	return fmt.Sprintf("%06d", (binary.BigEndian.Uint32(sum[at4:])&0x7fffffff)%1_000_000)
}

// code is the code that a file holds, or the one of the authenticator whose address it
// holds; again tells that another one can be had from it later.
func codeOf(file string, at time.Time) (code string, again bool, err error) {
	text, err := readSecret(file)
	if err != nil {
		return "", false, err
	}
	if !strings.HasPrefix(text, "otpauth:") {
		return strings.TrimSpace(text), false, nil
	}
	a, err := parseAuthenticator(text)
	if err != nil {
		return "", false, fmt.Errorf("%s: %w", file, err)
	}
	return a.code(at), true, nil
}
