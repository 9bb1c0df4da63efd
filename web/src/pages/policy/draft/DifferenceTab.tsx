// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Alert, Skeleton } from 'antd';
import { api } from '../../../api/client';
import { texts } from '../../../language/texts';
import { ProblemView } from '../../../parts/ProblemView';
import { Changes, Unified, useSaid } from '../Difference';
import { useDraft } from './work';

const useText = texts(
  {
    from: (v: number) => (v === 0 ? 'Compared with nothing: no policy is in force yet.' : `Compared with version ${v}, which is in force.`),
    words: 'In words',
    text: 'As text',
    same: 'The files are the same.',
    cannot: 'The files cannot be compared.',
  },
  {
    from: (v: number) => (v === 0 ? '尚无生效策略，无可比较。' : `与生效的版本 ${v} 比较。`),
    words: '文字说明',
    text: '文本差异',
    same: '文件相同。',
    cannot: '无法比较文件。',
  },
);

// DifferenceTab is what the draft changes in what is in force.
export function DifferenceTab() {
  const t = useText();
  const said = useSaid();
  const { id } = useDraft();
  const answer = api.useQuery('get', '/api/drafts/{id}/difference', { params: { path: { id } } }, { staleTime: 0 });
  if (answer.error) return <ProblemView error={answer.error} retry={() => void answer.refetch()} />;
  const d = answer.data;
  if (!d) return <Skeleton active />;
  return (
    <div className="stack">
      <p className="hint">{t.from(d.from)}</p>
      {(d.notes ?? []).map((n) => (
        <Alert key={n.text} type="warning" showIcon title={<span title={said(n).other}>{said(n).text}</span>} />
      ))}
      <section>
        <h2>{t.words}</h2>
        <Changes of={(d.changes ?? []).map((c) => ({ effect: c.effect, ...said(c) }))} />
      </section>
      <section>
        <h2>{t.text}</h2>
        {d.text ? <Unified text={d.text} /> : <p className="hint">{(d.notes ?? []).length > 0 ? t.cannot : t.same}</p>}
      </section>
    </div>
  );
}
