// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package fault_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dukou.dev/dukou/internal/fault"
)

const root = "../.."

// where names the test of every code that has no vector in testdata/refusals: what
// gives it is no judge.
func where() map[fault.Code]string {
	return map[fault.Code]string{
		fault.ContentType:       "internal/front/file/entry_test.go",
		fault.ContentRefused:    "test/pair/deliver_test.go",
		fault.NameInvalid:       "internal/front/file/name_test.go",
		fault.SubjectUnmapped:   "test/pair/ask_test.go",
		fault.RouteUnknown:      "internal/front/http/serve_test.go",
		fault.EvidenceInvalid:   "test/pair/evidence_test.go",
		fault.CredentialMissing: "internal/front/core_test.go",
		fault.CredentialInvalid: "internal/front/core_test.go",
		fault.BindingMismatch:   "internal/front/bound_test.go",
		fault.RateLimited:       "internal/front/core_test.go",
		fault.TooBusy:           "internal/front/core_test.go",
		fault.RequestMalformed:  "internal/front/http/typed_test.go",
		fault.UpgradeRefused:    "internal/front/http/serve_test.go",
		fault.GuardUnavailable:  "test/pair/ask_test.go",
		fault.PeerUnavailable:   "test/pair/ask_test.go",
		fault.TargetUnavailable: "test/pair/ask_test.go",
		fault.TargetFailed:      "test/pair/ask_test.go",
		fault.TargetTimeout:     "test/pair/ask_test.go",
		fault.Interrupted:       "test/pair/ask_test.go",
		fault.PeerUnknown:       "test/pair/bundles_test.go",
		fault.RecordFailed:      "test/pair/bundles_test.go",
		fault.InternalError:     "test/pair/ask_test.go",
	}
}

// TestEveryCodeIsTested: a code has a vector, or a test that names it.
func TestEveryCodeIsTested(t *testing.T) {
	where := where()
	for _, c := range fault.Codes() {
		_, err := os.Stat(filepath.Join(root, "testdata", "refusals", string(c)+".json"))
		file, elsewhere := where[c]
		switch {
		case err == nil && elsewhere:
			t.Errorf("%s has a vector: take it off this list", c)
		case err == nil:
		case !elsewhere:
			t.Errorf("%s has neither a vector nor a test", c)
		default:
			if text, err := os.ReadFile(filepath.Join(root, file)); err != nil || !names(string(text), c) {
				t.Errorf("%s is not tested in %s: %v", c, file, err)
			}
		}
	}
}

// names tells whether a test names a code by its constant or its text.
func names(text string, c fault.Code) bool {
	constant := "fault."
	for word := range strings.SplitSeq(string(c), "-") {
		constant += strings.ToUpper(word[:1]) + word[1:]
	}
	return strings.Contains(text, constant) || strings.Contains(text, `"`+string(c)+`"`)
}

// TestKinds: every code has a kind, a status that a client understands and an exit
// status; what is not on the list is a defect.
func TestKinds(t *testing.T) {
	for _, c := range fault.Codes() {
		status, exit := fault.HTTPStatus(c), fault.ExitCode(fault.New(c, ""))
		if !fault.Known(c) || status < 400 || status > 599 || exit < 1 || exit > 5 || (status == 500) != (c == fault.InternalError) {
			t.Errorf("%s: status %d, exit %d", c, status, exit)
		}
	}
	if fault.Known("no-such") || fault.HTTPStatus("no-such") != 500 || fault.ExitCode(nil) != 0 || fault.CodeOf(os.ErrClosed) != fault.InternalError {
		t.Error("an unknown code is known")
	}
}
