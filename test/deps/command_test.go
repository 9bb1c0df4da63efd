// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package deps

import "testing"

// commandBans keeps the command line a client of the center: what it knows of the
// center's interface is the description that is built into it.
func commandBans() []ban {
	const client = "the command line calls the center, and is no part of it"
	return []ban{
		{path: module + "internal/management", reason: client},
		{path: module + "internal/store", reason: client},
		{path: module + "internal/account", reason: client},
		{path: "github.com/danielgtaylor/huma/v2", reason: client},
		{path: "database/sql", reason: client},
		{path: "modernc.org/sqlite", reason: client},
		{path: "github.com/jackc/pgx/v5", reason: client},
	}
}

func TestCommandReaches(t *testing.T) { reaches(t, "./cmd/dukou", commandBans()) }
