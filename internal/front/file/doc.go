// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package file carries files: from watched directories and terminals into
// deliveries, and from deliveries into directories and to terminals.
//
// An Entry watches a directory for each deliver flow that enters here. A file that
// is ready is moved to the flow's outbox, which is beside it, and is then gone from
// the directory. An Exit has an inbox for each deliver flow that leaves here. A file
// appears in the target directory whole, under its name, and replaces nothing.
//
//	DIR/                    watched: files to send
//	DIR/.dukou/out          accepted, not yet delivered
//	DIR/.dukou/quarantine   refused: NAME and NAME.reason
//	DIR/.dukou/receipts     NAME.ID.json for what was delivered
//	DIR/.dukou/uploads      coming in from terminals
//
//	DIR/                    target: files that came
//	DIR/.dukou/in/FLOW      coming in, and in/FLOW/quarantine for what was refused
//
// The directory .dukou belongs to the front; everything in it that the front does
// not know it removes. Names that begin with a dot are never taken: writers may use
// them for what is not ready.
package file
