// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { useMemo } from 'react';
import { Facts } from '../../parts/Facts';
import { Time } from '../../parts/Time';
import { Failure } from '../../signing/Failure';
import { checkRelease, readRelease, type Release, type Shown } from '../../signing/release';
import { useText as useSigningWords } from '../../signing/text';
import { useWords, wordOf } from '../evidence/search/text';
import { useText } from './text';

// ReleaseFacts shows what a document says, as it will be signed, and why it will not be
// where it says something else than what was shown before.
export function ReleaseFacts({ document, shown }: { document: Uint8Array; shown: Shown }) {
  const [release, error] = useMemo(() => readAndCheck(document, shown), [document, shown]);
  return (
    <>
      {error !== undefined && <Failure error={error} />}
      {release && <Fields of={release} />}
    </>
  );
}

function readAndCheck(document: Uint8Array, shown: Shown): [Release?, unknown?] {
  let release: Release | undefined;
  try {
    release = readRelease(document);
    checkRelease(release, shown);
    return [release];
  } catch (e) {
    return [release, e];
  }
}

function Fields({ of }: { of: Release }) {
  const t = useText();
  const { fields } = useSigningWords();
  return (
    <Facts
      of={[
        [fields.name, <b>{of.name}</b>],
        [fields.size, t.bytes(of.size)],
        [fields.front, of.front],
        [fields.flow, of.flow],
        [fields.code, <Why of={of.code} coded />],
        [fields.notAfter, <Time at={of.notAfter} />],
        [fields.bundle, t.version(Number(of.bundle))],
        [fields.guard, of.guard],
        [fields.parcel, <span className="mono">{of.parcel}</span>],
        [fields.root, <span className="mono">{of.root}</span>],
      ]}
    />
  );
}

// Why is why a file was refused, in words; coded, with the code beside and not as a hint.
export function Why({ of, coded = false }: { of: string; coded?: boolean }) {
  const t = useText();
  const words = useWords();
  const word = t.heldWhy[of] ?? wordOf(words, 'reason', of);
  if (!coded) return <span title={of}>{word}</span>;
  return (
    <>
      {word} {word !== of && <span className="mono reason-by">{of}</span>}
    </>
  );
}
