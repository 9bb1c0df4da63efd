// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"dukou.dev/dukou/examples/bank/internal/batch"
	"dukou.dev/dukou/examples/bank/internal/bureau"
	"dukou.dev/dukou/examples/bank/internal/endpoint"
	"dukou.dev/dukou/examples/bank/internal/portal"
	"dukou.dev/dukou/examples/bank/internal/token"
)

const listenUsage = "address to listen on: HOST:PORT or unix:PATH"

// bureauFlags is the command line of the bureau.
type bureauFlags struct {
	listen, batch, tokenKey string
	population              population
}

func bureauCommand(log *slog.Logger) *cobra.Command {
	var f bureauFlags
	c := &cobra.Command{
		Use:   "bureau",
		Short: "Run the credit bureau",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return runBureau(c.Context(), f, c.OutOrStdout(), log)
		},
	}
	c.Flags().StringVar(&f.listen, "listen", "", listenUsage)
	c.Flags().StringVar(&f.batch, "batch", "", "directory of batch requests and answers")
	c.Flags().StringVar(&f.tokenKey, "token-key", "", "file of the private key that signs tokens")
	f.population.flags(c)
	return require(c, "listen", "batch", "token-key")
}

func runBureau(ctx context.Context, f bureauFlags, out io.Writer, log *slog.Logger) error {
	book, err := f.population.book()
	if err != nil {
		return err
	}
	key, err := token.ReadKey(f.tokenKey)
	if err != nil {
		return err
	}
	desk, err := batch.Open(f.batch, book, log)
	if err != nil {
		return err
	}
	defer desk.Close()
	office := bureau.New(bureau.Config{Book: book, Key: key, Now: time.Now, Log: log})
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return desk.Run(ctx) })
	group.Go(func() error { return serve(ctx, f.listen, office.Handler(), out) })
	return group.Wait()
}

// portalFlags is the command line of the portal.
type portalFlags struct{ listen, upstream, apiKeyFile, host string }

func portalCommand(log *slog.Logger) *cobra.Command {
	var f portalFlags
	c := &cobra.Command{
		Use:   "portal",
		Short: "Run the portal on which people see their own report",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return runPortal(c.Context(), f, c.OutOrStdout(), log)
		},
	}
	c.Flags().StringVar(&f.listen, "listen", "", listenUsage)
	c.Flags().StringVar(&f.upstream, "upstream", "", "where the reports come from: http://HOST:PORT or unix:PATH")
	c.Flags().StringVar(&f.apiKeyFile, "api-key-file", "", "file whose one line is sent as X-API-Key")
	c.Flags().StringVar(&f.host, "host", "", "Host header to send to the upstream")
	return require(c, "listen", "upstream")
}

func runPortal(ctx context.Context, f portalFlags, out io.Writer, log *slog.Logger) error {
	apiKey, err := readAPIKey(f.apiKeyFile)
	if err != nil {
		return err
	}
	base, transport, err := endpoint.Upstream(f.upstream)
	if err != nil {
		return err
	}
	defer transport.CloseIdleConnections()
	upstream := portal.NewUpstream(portal.UpstreamConfig{
		Base: base, Transport: transport, Host: f.host, APIKey: apiKey,
	})
	site, err := portal.New(upstream, time.Now, log)
	if err != nil {
		return err
	}
	return serve(ctx, f.listen, site.Handler(), out)
}

// readAPIKey reads the one line of a file; there is no key without a file.
func readAPIKey(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read the API key: %w", err)
	}
	key := strings.TrimSpace(string(text))
	if key == "" || len(key) > 256 || strings.ContainsAny(key, "\r\n\x00") {
		return "", fmt.Errorf("read the API key: %s does not hold one line of at most 256 bytes", path)
	}
	return key, nil
}

// serve listens, says so on out, and answers until ctx ends.
func serve(ctx context.Context, address string, h http.Handler, out io.Writer) error {
	l, err := endpoint.Listen(ctx, address)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "listening", endpoint.Name(l))
	return endpoint.Serve(ctx, l, h)
}
