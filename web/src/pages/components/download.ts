// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// save has the browser keep what the center gave as a file, under the name that the
// center gives it.
export function save(data: Blob | undefined, response: Response, otherwise: string) {
  if (!data) return;
  const name = /filename="?([^";]+)"?/.exec(response.headers.get('Content-Disposition') ?? '')?.[1] ?? otherwise;
  const address = URL.createObjectURL(data);
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
