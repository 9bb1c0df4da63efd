// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Checkbox, Input, Radio, Select } from 'antd';
import { api } from '../../../api/client';
import { useMay } from '../../../session/session';
import { waysOf } from './begin';
import { Categories, Chosen, LevelOf, Named, Row, Whole } from './rows';
import type { PartProps } from './WhoPart';
import { aliasOf, newObjectID } from './wish';
import { useWishText } from './wishText';

// WhatPart is the name, and what a sentence says of it.
export function WhatPart({ wish, set, around }: PartProps) {
  const t = useWishText();
  return (
    <section>
      <h2>{t.what}</h2>
      <div className="two">
        <Row id="wish-name" label={t.name} hint={t.nameHint}>
          <Input id="wish-name" value={wish.name} onChange={(e) => set({ name: e.target.value.trim() })} autoFocus />
        </Row>
        <Row id="wish-about" label={t.about}>
          <Input id="wish-about" value={wish.about} onChange={(e) => set({ about: e.target.value })} />
        </Row>
      </div>
      <Row id="wish-protocol" label={t.protocol}>
        <Radio.Group
          id="wish-protocol"
          value={wish.protocol}
          options={[
            { value: 'http', label: t.http },
            { value: 'file', label: t.file },
          ]}
          onChange={(e) => {
            const protocol = e.target.value as 'http' | 'file';
            set({ protocol, ...waysOf(around, { ...wish, protocol }) });
          }}
        />
      </Row>
    </section>
  );
}

// WayPart is from where to where it goes, and through which fronts.
export function WayPart({ wish, set, around, known }: PartProps) {
  const t = useWishText();
  const may = useMay();
  const components = api.useQuery('get', '/api/components', {}, { enabled: may('list-components') }).data?.items ?? [];
  const fronts = (zone: string) => [...components.filter((c) => c.role === 'front' && c.zone === zone).map((c) => c.id), ...around.flows.flatMap((f) => (f.from === zone ? [f.entryFront] : f.to === zone ? [f.exitFront] : []))];
  const zones = around.zones.map((z) => ({ value: z.name, label: z.name }));
  const zone = (change: { from?: string; to?: string }) => set({ ...change, ...waysOf(around, { ...wish, ...change }) });
  const listeners = around.flows.filter((f) => f.entryFront === wish.entryFront && f.protocol === wish.protocol).map((f) => f.listener);
  const targets = around.flows.filter((f) => f.exitFront === wish.exitFront && f.protocol === wish.protocol).map((f) => f.target);
  return (
    <section>
      <h2>{t.way}</h2>
      <div className="three">
        <Chosen id="wish-from" label={t.from} value={wish.from} options={zones} onChange={(from) => zone({ from })} />
        <Named id="wish-entry" label={t.entry} value={wish.entryFront} names={fronts(wish.from)} onChange={(entryFront) => set({ entryFront })} />
        <Named id="wish-listener" label={t.listener} hint={t.listenerHint} value={wish.listener} names={listeners.length > 0 ? listeners : known.listeners} onChange={(listener) => set({ listener })} />
        <Chosen id="wish-to" label={t.to} value={wish.to} options={zones} onChange={(to) => zone({ to })} />
        <Named id="wish-exit" label={t.exit} value={wish.exitFront} names={fronts(wish.to)} onChange={(exitFront) => set({ exitFront })} />
        <Named id="wish-target" label={t.target} hint={t.listenerHint} value={wish.target} names={targets.length > 0 ? targets : known.targets} onChange={(target) => set({ target })} />
      </div>
    </section>
  );
}

// DoesPart is the object, and what is done with it and what for.
export function DoesPart({ wish, set, around, known }: PartProps) {
  const t = useWishText();
  const o = wish.newObject;
  const put = (change: Partial<typeof o>) => set({ newObject: { ...o, ...change } });
  const objects = [{ value: '', label: t.newObject }, ...around.objects.filter((x) => x.id.startsWith(`${wish.to}/`)).map((x) => ({ value: x.id, label: x.id }))];
  return (
    <section>
      <h2>{t.does}</h2>
      <div className="three">
        <Chosen id="wish-object" label={t.object} value={wish.object} options={objects} onChange={(object) => set({ object })} />
        <Named id="wish-action" label={t.action} hint={t.actionHint} value={wish.action} names={known.actions} onChange={(action) => set({ action })} />
        <Named id="wish-purpose" label={t.purpose} hint={t.purposeHint} value={wish.purpose} names={known.purposes} onChange={(purpose) => set({ purpose })} />
      </div>
      {wish.object === '' && (
        <div className="three">
          <Row id="wish-object-name" label={t.objectName} hint={wish.name || o.name ? t.objectHint(newObjectID(wish), aliasOf(wish)) : undefined}>
            <Input id="wish-object-name" value={o.name} placeholder={wish.name} onChange={(e) => put({ name: e.target.value.trim() })} />
          </Row>
          <LevelOf id="wish-object-level" label={t.objectLevel} value={o.confidentiality} onChange={(confidentiality) => put({ confidentiality })} />
          <Whole id="wish-object-integrity" label={t.objectIntegrity} value={o.integrity} least={1} most={5} onChange={(v) => put({ integrity: v ?? 1 })} />
          <Categories id="wish-object-categories" label={t.categories} value={o.categories} names={known.categories} onChange={(categories) => put({ categories })} />
        </div>
      )}
    </section>
  );
}

// FilesPart is which files a file flow takes.
export function FilesPart({ wish, set }: PartProps) {
  const t = useWishText();
  const f = wish.files;
  const put = (change: Partial<typeof f>) => set({ files: { ...f, ...change } });
  return (
    <section>
      <h2>{t.fileRules}</h2>
      <div className="three">
        <Named id="wish-max-size" label={t.maxSize} value={f.maxSize} names={['1MiB', '8MiB', '64MiB', '1GiB']} onChange={(maxSize) => put({ maxSize })} />
        <Row id="wish-extensions" label={t.extensions}>
          <Select id="wish-extensions" className="wide" mode="tags" value={f.extensions} options={['.csv', '.txt', '.json', '.xml', '.pdf'].map((value) => ({ value }))} onChange={(extensions: string[]) => put({ extensions })} />
        </Row>
        <Chosen id="wish-ready" label={t.ready} value={f.ready} options={Object.entries(t.readies).map(([value, label]) => ({ value, label }))} onChange={(ready) => put({ ready })} />
      </div>
      <p>
        <Checkbox checked={f.receipts} onChange={(e) => put({ receipts: e.target.checked })}>
          {t.receipts}
        </Checkbox>
      </p>
    </section>
  );
}

// LabelsPart is how secret it is, and how much may cross.
export function LabelsPart({ wish, set, known }: PartProps) {
  const t = useWishText();
  const http = wish.protocol === 'http';
  const limit = (change: Partial<typeof wish.limits>) => set({ limits: { ...wish.limits, ...change } });
  return (
    <section>
      <h2>{t.labels}</h2>
      <div className="two">
        <LevelOf id="wish-class" label={t.class} value={wish.class.confidentiality} onChange={(confidentiality) => set({ class: { ...wish.class, confidentiality } })} />
        <Categories id="wish-categories" label={t.categories} value={wish.class.categories} names={known.categories} onChange={(categories) => set({ class: { ...wish.class, categories } })} />
        {http && <LevelOf id="wish-answer" label={t.classAnswer} value={wish.answer.confidentiality} onChange={(confidentiality) => set({ answer: { ...wish.answer, confidentiality } })} />}
        {http && <Categories id="wish-answer-categories" label={t.answerCategories} value={wish.answer.categories} names={known.categories} onChange={(categories) => set({ answer: { ...wish.answer, categories } })} />}
      </div>
      <Whole id="wish-raise" label={t.raise} hint={t.raiseHint} value={wish.raise} least={1} most={5} onChange={(raise) => set({ raise })} />
      <div className="two">
        <Named id="wish-rate" label={t.rate} value={wish.limits.rate} names={['5/s', '50/s', '200/s', '60/m']} onChange={(rate) => limit({ rate })} />
        <Named id="wish-timeout" label={t.timeout} value={wish.limits.timeout} names={['5s', '10s', '30s', '2m']} onChange={(timeout) => limit({ timeout })} />
        {http && <Named id="wish-request" label={t.request} value={wish.limits.request} names={['1KiB', '4KiB', '64KiB']} onChange={(request) => limit({ request })} />}
        {http && <Named id="wish-answer-most" label={t.answerMost} value={wish.limits.answer} names={['8KiB', '64KiB', '256KiB']} onChange={(answer) => limit({ answer })} />}
      </div>
    </section>
  );
}
