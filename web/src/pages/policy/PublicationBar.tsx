// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// PublicationBar is on every page while a publication waits to be confirmed.
export function PublicationBar() {
  return null;
}
