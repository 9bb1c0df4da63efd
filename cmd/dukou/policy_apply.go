// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"

	"dukou.dev/dukou/internal/fault"
)

func newPolicyApplyCommand() *cobra.Command {
	var center string
	c := &cobra.Command{
		Use:   "apply BUNDLE",
		Short: "Put an approved bundle into force",
		Long:  `Apply hands a bundle to the center, which gives it to every component that enforces it.`,
		Args:  usage(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			if center == "" {
				return &exitError{fault.ExitUsage, errors.New("apply wants --center SOCKET, or $DUKOU_CENTER")}
			}
			s, err := readBundle(args[0])
			if err != nil {
				return err
			}
			answer, err := postBundle(c.Context(), center, s.Encode())
			if err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "%s\n", answer)
			return nil
		},
	}
	c.Flags().StringVar(&center, "center", os.Getenv("DUKOU_CENTER"), "Unix socket of the center's management API")
	return c
}

const (
	applyTimeout   = time.Minute
	maxApplyAnswer = 1 << 20
)

// postBundle gives the center a bundle and returns its answer, which is JSON.
func postBundle(ctx context.Context, socket string, bundle []byte) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, applyTimeout)
	defer cancel()
	var dialer net.Dialer
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return dialer.DialContext(ctx, "unix", socket)
	}}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://center/api/bundles", bytes.NewReader(bundle))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/octet-stream")
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return "", &exitError{fault.ExitUnavailable, fmt.Errorf("ask the center at %s: %w", socket, err)}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxApplyAnswer))
	if err != nil {
		return "", &exitError{fault.ExitUnavailable, fmt.Errorf("the center's answer: %w", err)}
	}
	if response.StatusCode != http.StatusOK {
		return "", applyError(response.StatusCode, body)
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, body, "", "  "); err != nil {
		return "", fmt.Errorf("the center's answer: %w", err)
	}
	return indented.String(), nil
}

// applyError is a refusal or failure as the center names it.
func applyError(status int, body []byte) error {
	var problem struct { // RFC 9457
		Code   fault.Code `json:"code"`
		Detail string     `json:"detail"`
	}
	if json.Unmarshal(body, &problem) == nil && fault.Known(problem.Code) {
		return fault.New(problem.Code, "the center does not take the bundle: %s", plain(problem.Detail))
	}
	return fmt.Errorf("the center answered with status %d", status)
}
