// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { ArrowLeftOutlined } from '@ant-design/icons';
import { Alert, Button, Form, Input, Tabs } from 'antd';
import { useMemo, useState } from 'react';
import { Act } from '../../../parts/Act';
import { useAct } from '../../../parts/useAct';
import { useAddress } from '../../../parts/useAddress';
import { aroundOf, begin, memberOf } from './begin';
import { CheckLine } from './CheckLine';
import { namesOf } from './names';
import { Routes } from './Routes';
import { useChecked } from './useChecked';
import { WhoPart } from './WhoPart';
import { cedarOf, filesOf, type Wish } from './wish';
import { DoesPart, FilesPart, LabelsPart, WayPart, WhatPart } from './wishParts';
import { useWishText } from './wishText';
import { useDraft } from './work';

// NewFlow is the form for a new flow: on the left what is wished for, on the right the
// files that it becomes, and what the center says to them as one types.
export function NewFlow({ onDone }: { onDone: (name: string) => void }) {
  const t = useWishText();
  const work = useDraft();
  const address = useAddress();
  const around = useMemo(() => aroundOf(work.texts), [work.texts]);
  const known = useMemo(() => namesOf(work.texts), [work.texts]);
  const [wish, setWish] = useState<Wish>(() => begin(around));
  const set = (change: Partial<Wish>) => setWish((before) => ({ ...before, ...change }));
  const objects = around.objects.map((o) => ({ id: o.id, ...(typeof o.aliases[wish.from] === 'string' ? { alias: o.aliases[wish.from] as string } : {}) }));
  const enough = wish.name !== '' && wish.action !== '' && wish.purpose !== '';
  const files = filesOf({ ...wish, name: wish.name || 'new-flow' }, work.texts, objects, (who) => memberOf(around, who));
  const part = { wish, set, around, known };
  return (
    <>
      <p>
        <Button icon={<ArrowLeftOutlined />} onClick={() => address.set({ new: null })}>
          {t.back}
        </Button>
      </p>
      <div className="wish">
        <Form layout="vertical" component="div">
          <h2>{t.title}</h2>
          <p className="hint">{t.lead}</p>
          <WhatPart {...part} />
          <WayPart {...part} />
          <DoesPart {...part} />
          <WhoPart {...part} />
          {wish.protocol === 'http' ? <Routes routes={wish.routes} onChange={(routes) => set({ routes })} /> : <FilesPart {...part} />}
          <LabelsPart {...part} />
          <Rule wish={wish} set={set} />
        </Form>
        <Becomes files={files} enough={enough} onDone={() => onDone(wish.name)} />
      </div>
    </>
  );
}

function Rule({ wish, set }: { wish: Wish; set: (change: Partial<Wish>) => void }) {
  const t = useWishText();
  return (
    <section>
      <h2>{t.rule}</h2>
      <p className="hint" id="wish-rule-hint">
        {t.ruleHint}
      </p>
      <Input.TextArea className="mono" aria-label={t.rule} aria-describedby="wish-rule-hint" autoSize={{ minRows: 6, maxRows: 16 }} value={wish.cedar ?? cedarOf(wish)} onChange={(e) => set({ cedar: e.target.value })} />
      <p>
        {wish.cedar !== null && (
          <Button size="small" onClick={() => set({ cedar: null })}>
            {t.ruleBack}
          </Button>
        )}
      </p>
    </section>
  );
}

// Becomes shows the files, has the center check them over the draft, and saves them.
function Becomes({ files, enough, onDone }: { files: Record<string, string>; enough: boolean; onDone: () => void }) {
  const t = useWishText();
  const work = useDraft();
  const [busy, act] = useAct();
  const checked = useChecked(work, enough ? files : undefined);
  const paths = Object.keys(files);
  const save = async () => {
    if (!(await act(() => work.saveWith(files), t.saved))) return;
    window.scrollTo(0, 0);
    onDone();
  };
  return (
    <div className="wish-side">
      <h2>{t.files}</h2>
      <Tabs size="small" items={paths.map((path) => ({ key: path, label: path, children: <pre className="file-text mono" role="region" tabIndex={0} aria-label={path}>{files[path]}</pre> }))} />
      <h2>{t.check}</h2>
      {enough ? <CheckLine checked={checked} /> : <Alert type="info" showIcon title={t.first} />}
      <p>
        <Act call="put-draft-files" type="primary" loading={busy} disabled={!enough || !checked.data?.whole || checked.isFetching} onClick={() => void save()}>
          {t.put}
        </Act>
      </p>
    </div>
  );
}
