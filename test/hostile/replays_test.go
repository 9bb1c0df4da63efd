// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package hostile

import "testing"

func (r *rig) replays(t *testing.T) {}

func (r *rig) impostors(t *testing.T) {}
