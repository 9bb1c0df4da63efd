// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"dukou.dev/dukou/internal/fault"
)

const (
	centerTimeout   = time.Minute
	maxCenterAnswer = 1 << 20
)

// centerAPI is the center's management interface on its Unix socket.
type centerAPI struct{ socket string }

// call makes one request and returns the body of an answer with status 200.
func (c centerAPI) call(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	if c.socket == "" {
		return nil, &exitError{fault.ExitUsage, fmt.Errorf("this wants --center SOCKET, or $DUKOU_CENTER")}
	}
	ctx, cancel := context.WithTimeout(ctx, centerTimeout)
	defer cancel()
	var dialer net.Dialer
	socket := strings.TrimPrefix(c.socket, "unix:")
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return dialer.DialContext(ctx, "unix", socket)
	}}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, method, "http://center"+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return nil, &exitError{fault.ExitUnavailable, fmt.Errorf("ask the center at %s: %w", socket, err)}
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxCenterAnswer))
	if err != nil {
		return nil, &exitError{fault.ExitUnavailable, fmt.Errorf("the center's answer: %w", err)}
	}
	if response.StatusCode != http.StatusOK {
		return nil, centerError(response.StatusCode, answer)
	}
	return answer, nil
}

// centerError is a refusal or failure as the center names it.
func centerError(status int, body []byte) error {
	var problem struct { // RFC 9457
		Code   fault.Code `json:"code"`
		Detail string     `json:"detail"`
	}
	if json.Unmarshal(body, &problem) == nil && fault.Known(problem.Code) {
		return fault.New(problem.Code, "the center refuses: %s", plain(problem.Detail))
	}
	return fmt.Errorf("the center answered with status %d", status)
}

// indented is JSON for people.
func indented(body []byte) (string, error) {
	var out bytes.Buffer
	if err := json.Indent(&out, body, "", "  "); err != nil {
		return "", fmt.Errorf("the center's answer: %w", err)
	}
	return out.String(), nil
}
