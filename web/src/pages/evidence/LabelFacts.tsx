// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Alert, Skeleton } from 'antd';
import { api, type Schemas } from '../../api/client';
import { Facts } from '../../parts/Facts';
import { Id } from '../../parts/Id';
import { ProblemView } from '../../parts/ProblemView';
import { Time } from '../../parts/Time';
import { useText } from './text';

type Label = Schemas['EvidenceLabel'];

// useEntry reads an entry as its log has it. It does not change, so it is read once.
export function useEntry(log: string, index: number) {
  return api.useQuery('get', '/api/evidence/{log}/{index}', { params: { path: { log, index } } }, { staleTime: Infinity, meta: { still: true } });
}

// LabelOf reads the label of an entry and shows all of it.
export function LabelOf({ log, index }: { log: string; index: number }) {
  const entry = useEntry(log, index);
  if (entry.error) return <ProblemView error={entry.error} retry={() => void entry.refetch()} />;
  if (!entry.data) return <Skeleton active paragraph={{ rows: 3 }} />;
  return <LabelFacts label={entry.data.label} />;
}

// LabelFacts are all fields of a label.
export function LabelFacts({ label }: { label: Label | undefined }) {
  const t = useText();
  if (!label) return <Alert type="info" title={t.noLabel} />;
  const f = t.labelFields;
  const name = (key: string) => f[key] ?? key;
  return (
    <Facts
      columns={3}
      of={[
        [name('confidentiality'), label.confidentiality],
        [name('integrity'), label.integrity],
        [name('categories'), <span className="mono">{label.categories}</span>],
        [name('subject'), label.subject],
        [name('assurance'), label.assurance],
        [name('object'), label.object],
        [name('action'), label.action],
        [name('protocol'), label.protocol],
        [name('purpose'), label.purpose],
        [name('maker'), label.maker],
        [name('not_before'), <Time at={label.not_before} millis />],
        [name('not_after'), <Time at={label.not_after} millis />],
        [name('binding'), <Id value={label.binding} />],
      ]}
    />
  );
}
