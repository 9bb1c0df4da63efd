// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// What can be wrong with a proof, in the order in which it is looked for.
export type Fault =
  | 'too-long' // more bytes than a proof may have
  | 'malformed' // not the one form of a proof
  | 'checkpoint' // what was signed is not an origin, a size and a root
  | 'no-key' // no key of the log is known
  | 'signature' // the signature is not of the log's key
  | 'leaf' // the entry is not one
  | 'component' // the entry is of another component than the log
  | 'index' // the signed log is shorter
  | 'not-in-log'; // the path does not lead to the signed root

// BadProof says why a proof proves nothing.
export class BadProof extends Error {
  readonly fault: Fault;

  constructor(fault: Fault, detail: string) {
    super(detail);
    this.fault = fault;
  }
}
