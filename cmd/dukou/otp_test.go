// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestAuthenticator holds the codes to RFC 6238, appendix B (its last six digits), whose
// secret is the text 12345678901234567890.
func TestAuthenticator(t *testing.T) {
	file := filepath.Join(t.TempDir(), "otp")
	address := "otpauth://totp/Dukou:zhang?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Dukou&digits=6&period=30&algorithm=SHA1\n"
	if err := os.WriteFile(file, []byte(address), 0o600); err != nil {
		t.Fatal(err)
	}
	for second, want := range map[int64]string{59: "287082", 1111111109: "081804", 1234567890: "005924", 20000000000: "353130"} {
		got, again, err := codeOf(file, time.Unix(second, 0))
		if err != nil || got != want || !again {
			t.Errorf("at %d: %s, want %s, %v", second, got, want, err)
		}
	}
	for _, text := range []string{"otpauth://hotp/x?secret=GEZDGNBVGY3TQOJQ", "otpauth://totp/x?secret=GEZDGNBVGY3TQOJQ&digits=8", "otpauth://totp/x?secret=1", "otpauth://totp/x", "", "1\n2"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if code, _, err := codeOf(file, time.Now()); err == nil {
			t.Errorf("%q gives %s", text, code)
		}
	}
	if err := os.WriteFile(file, []byte("123456\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, again, err := codeOf(file, time.Now()); code != "123456" || again || err != nil {
		t.Error(code, again, err)
	}
}
