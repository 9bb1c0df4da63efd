// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { useMemo } from 'react';
import type { Schemas } from '../../api/client';
import { Failure } from '../../signing/Failure';
import { KeyFile } from '../../signing/KeyFile';
import { proposedRelease, signRelease } from '../../signing/release';
import { signPublication } from '../../signing/sign';
import { ReleaseFacts } from '../crossings/ReleaseFacts';
import { useText } from './text';

type Proposal = Schemas['Proposal'];

// Publishing is the payload of a publication (docs/formats/bundle.md).
interface Publishing {
  publication: string;
  version: number;
  digest: string;
  return: number;
  returnDigest: string;
}

// signing are the kinds that are approved by signatures, and how each is made.
const signing: Record<string, (p: Proposal, key: string) => Promise<string[]>> = {
  'publish-policy': (p, key) => {
    const wanted = p.payload as Publishing;
    return signPublication(wanted.publication, { ...wanted, returnVersion: wanted.return }, key);
  },
  'release-quarantined': async (p, key) => {
    const { document, shown } = proposedRelease(p.payload);
    return [signRelease(document, shown, key)];
  },
};

export const isSigned = (p: Proposal) => Object.hasOwn(signing, p.kind);

// sign makes the signatures of a yes; none for a kind that wants none.
export const sign = async (p: Proposal, key: string) => signing[p.kind]?.(p, key);

// Signing shows what a yes signs, and has the key chosen.
export function Signing({ of: p, onKey }: { of: Proposal; onKey: (pem: string) => void }) {
  const t = useText();
  const release = p.kind === 'release-quarantined';
  return (
    <>
      <p className="decision-sign">{release ? t.signRelease : t.signWith}</p>
      {release && <Released of={p} />}
      <KeyFile onKey={onKey} />
    </>
  );
}

function Released({ of: p }: { of: Proposal }) {
  const read = useMemo(() => {
    try {
      return { it: proposedRelease(p.payload) };
    } catch (error) {
      return { error };
    }
  }, [p.payload]);
  return <div className="stack decision-document">{read.it ? <ReleaseFacts {...read.it} /> : <Failure error={read.error} />}</div>;
}
