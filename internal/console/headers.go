// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package console

import "net/http"

const policyHeader = "Content-Security-Policy"

// setHeaders says what holds for every answer: it is nothing but what it says it is,
// nobody frames it, and browsers come back by TLS only. What is not the console itself
// may load nothing.
func setHeaders(h http.Header) {
	h.Set(policyHeader, "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
	h.Set("Strict-Transport-Security", "max-age=31536000")
	h.Set("Cache-Control", "no-store")
}

// setPageHeaders lets the console load its own files, and set the styles that carry the
// nonce of this answer, empty for none.
func setPageHeaders(h http.Header, nonce string) {
	styles := "'self'"
	if nonce != "" {
		styles += " 'nonce-" + nonce + "'"
	}
	h.Set(policyHeader, "default-src 'none'; script-src 'self'; style-src "+styles+"; img-src 'self' data:; font-src 'self'; "+
		"connect-src 'self'; manifest-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'")
}
