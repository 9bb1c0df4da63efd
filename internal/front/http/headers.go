// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package http

import (
	"mime"
	nethttp "net/http"
	"slices"
	"strings"
)

// reserved tells which header fields a form may not name: those that frame a
// message, belong to one connection, prove a subject, or are Dukou's own.
func reserved(name string) bool {
	switch nethttp.CanonicalHeaderKey(name) {
	case "Host", "Connection", "Keep-Alive", "Proxy-Connection", "Content-Length", "Content-Type", "Content-Encoding",
		"Transfer-Encoding", "Te", "Trailer", "Upgrade", "Expect", "Range", "If-Range", "Http2-Settings",
		"Authorization", "Proxy-Authorization", "Proxy-Authenticate", "Www-Authenticate", "X-Api-Key", "X-Subject",
		"Cookie", "Set-Cookie", "Accept", "Accept-Encoding", "User-Agent", "Server", "Date", "Via", "X-Dukou-Id", "Dukou-Id",
		"Cache-Control", "Pragma", "Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy":
		return true
	}
	return strings.HasPrefix(nethttp.CanonicalHeaderKey(name), "X-Forwarded-")
}

// validName tells whether name is a token (RFC 9110 section 5.6.2).
func validName(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		return !letter && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
	})
}

// ordinary tells which header fields clients, browsers and proxies send of their
// own accord. They never cross, and are not refused where a flow refuses what it
// does not name. Fields that make a request conditional are not among them, but
// for those whose only effect is a shorter answer.
func ordinary(name string) bool {
	switch name {
	case "Host", "User-Agent", "Connection", "Keep-Alive", "Proxy-Connection", "Content-Length", "Content-Type", "Content-Encoding",
		"Transfer-Encoding", "Te", "Expect", "Authorization", "X-Api-Key", "Cookie", "Origin", "Referer", "Dnt", "Priority",
		"Cache-Control", "Pragma", "If-None-Match", "If-Modified-Since", "Upgrade-Insecure-Requests", "Date", "Save-Data",
		"Forwarded", "Via", "X-Real-Ip", "X-Request-Id", "X-Requested-With", "Traceparent", "Tracestate", "Baggage":
		return true
	}
	return name == "Accept" || strings.HasPrefix(name, "Accept-") || strings.HasPrefix(name, "Sec-") || strings.HasPrefix(name, "X-Forwarded-")
}

// tokens are the members of a comma-separated header field, in lower case.
func tokens(values []string) []string {
	var list []string
	for _, v := range values {
		for t := range strings.SplitSeq(v, ",") {
			if t = strings.ToLower(strings.TrimSpace(t)); t != "" {
				list = append(list, t)
			}
		}
	}
	return list
}

// wantsStream tells whether the only answer that is accepted is one without an end.
func wantsStream(h nethttp.Header) bool {
	accept := tokens(h["Accept"])
	return len(accept) > 0 && !slices.ContainsFunc(accept, func(t string) bool {
		kind, _, _ := strings.Cut(t, ";")
		return strings.TrimSpace(kind) != "text/event-stream"
	})
}

// isJSON tells whether a body is declared as JSON in UTF-8.
func isJSON(h nethttp.Header) bool {
	if len(h["Content-Type"]) != 1 {
		return false
	}
	kind, params, err := mime.ParseMediaType(h["Content-Type"][0])
	if err != nil || kind != "application/json" {
		return false
	}
	for name, value := range params {
		if name != "charset" || !strings.EqualFold(value, "utf-8") {
			return false
		}
	}
	return true
}
