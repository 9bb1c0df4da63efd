// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import type { components } from './description.gen';

type Document = components['schemas']['ProblemDocument'];

// Field is one thing that is not right in what was sent.
export type Field = components['schemas']['ProblemField'];
export type FieldCode = Field['code'];

// Problem is what the center says when it does not do a call (RFC 9457), or what keeps
// it from being asked: then the code is "no-connection".
export class Problem extends Error {
  readonly code: string;
  readonly status: number;
  readonly detail: string;
  readonly request: string | undefined;
  readonly until: string | undefined; // when it is worth to try again
  readonly fields: Field[];

  constructor(d: Partial<Document>) {
    super(d.detail ?? d.title ?? d.code ?? 'problem');
    this.code = d.code ?? 'internal-error';
    this.status = d.status ?? 0;
    this.detail = d.detail ?? '';
    this.request = d.request;
    this.until = d.until;
    this.fields = d.fields ?? [];
  }
}

// problemOf makes a Problem of whatever a call ended with.
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (typeof error === 'object' && error !== null && 'code' in error && 'status' in error) return new Problem(error as Document);
  return new Problem({ code: 'no-connection', detail: error instanceof Error ? error.message : '' });
}
