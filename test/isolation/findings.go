// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package isolation

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// ReadFindings reads what a probe program wrote, up to its last finding. A probe that
// did not come to its end is an error, since silence would look like safety.
func ReadFindings(r io.Reader) ([]Finding, error) {
	var findings []Finding
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var f Finding
		if err := json.Unmarshal(lines.Bytes(), &f); err != nil {
			return findings, fmt.Errorf("line %q: %w", lines.Text(), err)
		}
		if f.Try == DoneTry {
			return findings, nil
		}
		findings = append(findings, f)
	}
	return findings, errors.Join(errors.New("the probe did not come to its end"), lines.Err())
}

// Reached returns the findings that went through the walls.
func Reached(findings []Finding) []Finding {
	var through []Finding
	for _, f := range findings {
		if f.Reached {
			through = append(through, f)
		}
	}
	return through
}
