// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import type { ReactNode } from 'react';
import './section.css';

// Section is a part of a page under a heading.
export function Section({ title, lead, children }: { title: string; lead?: ReactNode; children: ReactNode }) {
  return (
    <section className="section">
      <h2>{title}</h2>
      {lead && <p>{lead}</p>}
      {children}
    </section>
  );
}
