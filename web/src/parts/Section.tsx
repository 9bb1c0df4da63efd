// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import type { ReactNode } from 'react';

// Section is a part of a page with its own head.
export function Section({ title, lead, actions, children }: { title: string; lead?: ReactNode; actions?: ReactNode; children: ReactNode }) {
  return (
    <section className="section">
      <div className="section-head">
        <h2>{title}</h2>
        {actions}
      </div>
      {lead && <p>{lead}</p>}
      {children}
    </section>
  );
}
