// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Problem } from '../api/problem';

export type SigningFault = 'no-key' | 'public-key' | 'other-key' | 'unreadable' | 'digest' | 'version' | 'field' | 'time';

// Signed is what is signed.
export type Signed = 'bundle' | 'return' | 'release';

// ReleaseField is a field of a release from quarantine (docs/formats/release.md).
export type ReleaseField = 'guard' | 'front' | 'flow' | 'parcel' | 'name' | 'size' | 'root' | 'bundle' | 'code' | 'notAfter';

const english: Record<SigningFault, string> = {
  'no-key': 'this file holds no key',
  'public-key': 'this is the public half of a key; signing wants the private one',
  'other-key': 'this is not an Ed25519 key as dukou policy keygen makes it',
  unreadable: 'what is to be signed cannot be read',
  digest: 'what the center gave has another digest than what is proposed',
  version: 'what the center gave is of another version than what is proposed',
  field: 'it says something else than what is shown',
  time: 'it has ended, or would hold for longer than 30 days',
};

// SigningError says why nothing was signed. It is a Problem, so that it is shown wherever
// what the center refuses is; useSigningText has it in the person's language.
export class SigningError extends Problem {
  readonly fault: SigningFault;
  readonly of: Signed | undefined;
  readonly field: ReleaseField | undefined;

  constructor(fault: SigningFault, of?: Signed, field?: ReleaseField) {
    super({ code: 'invalid', detail: `${of ? `the ${of}: ` : ''}${field ? `${field}: ` : ''}${english[fault]}; nothing was signed` });
    this.fault = fault;
    this.of = of;
    this.field = field;
  }
}
