// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, randomBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { Button, Input, Select, Space } from 'antd';
import { useState } from 'react';
import type { Around } from './begin';
import type { Known } from './names';
import { Categories, Chosen, LevelOf, Named, Row } from './rows';
import type { Wish } from './wish';
import { useWishText } from './wishText';

export interface PartProps {
  wish: Wish;
  set: (change: Partial<Wish>) => void;
  around: Around;
  known: Known;
}

// WhoPart is who may ask, and how it is proven.
export function WhoPart({ wish, set, around, known }: PartProps) {
  const t = useWishText();
  const here = around.subjects.filter((s) => s.id.startsWith(`${wish.from}/`));
  const groups = [...new Set(here.flatMap((s) => s.groups))];
  const options = [
    { label: t.groups, options: groups.map((g) => ({ value: `group:${g}`, label: `${g} (${here.filter((s) => s.groups.includes(g)).map((s) => s.id).join(', ')})` })) },
    { label: t.subjects, options: here.map((s) => ({ value: s.id, label: s.id })) },
    { label: t.newWho, options: [{ value: 'new', label: t.newWho }] },
  ];
  return (
    <section>
      <h2>{t.who}</h2>
      <Row id="wish-who" label={t.whoLabel}>
        <Select id="wish-who" className="wide" value={wish.who} options={options} onChange={(who) => set({ who })} />
      </Row>
      <div className="two">
        <Chosen id="wish-accept" label={t.accept} value={wish.accept} options={Object.entries(t.accepts).map(([value, label]) => ({ value, label }))} onChange={(accept) => set({ accept, issuer: accept === 'token' ? wish.issuer || (known.issuers[0] ?? '') : '' })} />
        {wish.accept === 'token' && <Named id="wish-issuer" label={t.issuer} value={wish.issuer} names={known.issuers} onChange={(issuer) => set({ issuer })} />}
      </div>
      {wish.who === 'new' && <NewSubject wish={wish} set={set} known={known} />}
    </section>
  );
}

function NewSubject({ wish, set, known }: Omit<PartProps, 'around'>) {
  const t = useWishText();
  const [key, setKey] = useState('');
  const s = wish.newSubject;
  const put = (change: Partial<Wish['newSubject']>) => set({ newSubject: { ...s, ...change } });
  // The key itself stays in this input; the policy has its digest only.
  const take = (typed: string) => {
    setKey(typed);
    put({ digest: typed === '' ? '' : bytesToHex(sha256(utf8ToBytes(typed))) });
  };
  return (
    <>
      <div className="two">
        <Row id="wish-subject" label={t.whoName}>
          <Input id="wish-subject" value={s.name} placeholder={wish.name} onChange={(e) => put({ name: e.target.value })} />
        </Row>
        <Named id="wish-group" label={t.whoGroup} value={s.group} names={known.groups} onChange={(group) => put({ group })} />
        <LevelOf id="wish-clearance" label={t.clearance} value={s.confidentiality} onChange={(confidentiality) => put({ confidentiality })} />
        <Categories id="wish-subject-categories" label={t.categories} value={s.categories} names={known.categories} onChange={(categories) => put({ categories })} />
      </div>
      {wish.accept === 'api-key' && (
        <Row id="wish-key" label={t.key} hint={t.keyHint}>
          <Space.Compact className="wide">
            <Input id="wish-key" className="mono" value={key} autoComplete="off" onChange={(e) => take(e.target.value)} />
            <Button onClick={() => take(bytesToHex(randomBytes(24)))}>{t.makeKey}</Button>
          </Space.Compact>
        </Row>
      )}
    </>
  );
}
