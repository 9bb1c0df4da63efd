// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package http is the entry and the exit of HTTP(S) flows.
//
// The entry takes a request apart: the path, query, header and JSON body fields
// that the flow's form names become typed content, everything else is dropped or
// refused, and nothing of the request itself crosses. The exit builds a new request
// from that content and takes the answer apart in the same way. The content is
//
//	request {"form", "path", "query", "header", "body"}
//	answer  {"form", "status", "header", "body"}
//
// with the parts that the form's schema has; docs/formats/http-content.md says how
// each type is written on the HTTP side. A question is sent to the application at
// most once: nothing here sends again what may have been read.
package http
