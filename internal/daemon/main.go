// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
)

// Main runs a daemon's command until it ends or is told to stop (SIGINT, SIGTERM)
// and gives the exit status. What it has to say goes to the standard error.
func Main(name string, run func(ctx context.Context, args []string, log *slog.Logger) error) int {
	setCollector()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level(), ReplaceAttr: visible}))
	if err := run(ctx, os.Args[1:], log); err != nil {
		return fail(os.Stderr, name, err)
	}
	return 0
}

// visible quotes a text with the one control character that slog leaves as it is.
func visible(_ []string, a slog.Attr) slog.Attr {
	if text := a.Value.String(); a.Value.Kind() == slog.KindString && strings.ContainsRune(text, 0x7f) {
		return slog.String(a.Key, strconv.QuoteToASCII(text))
	}
	return a
}

func fail(w io.Writer, name string, err error) int {
	fmt.Fprintf(w, "%s: %v\n", name, err)
	return 1
}

// level is what DUKOU_LOG says: debug, info (the default), warn or error.
func level() slog.Level {
	var l slog.Level
	if err := l.UnmarshalText([]byte(os.Getenv("DUKOU_LOG"))); err != nil {
		return slog.LevelInfo
	}
	return l
}
