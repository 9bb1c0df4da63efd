// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import type { UseQueryResult } from '@tanstack/react-query';
import { Alert, Button } from 'antd';
import type { Schemas } from '../../../api/client';
import { texts } from '../../../language/texts';
import { ProblemView } from '../../../parts/ProblemView';
import { useSaid } from '../Difference';

const useText = texts(
  {
    asking: 'The center is checking…',
    whole: (c: Schemas['DraftChecked']) => `The draft is whole: ${c.zones} zones, ${c.subjects} subjects, ${c.objects} objects, ${c.flows} flows, ${c.cases} cases.`,
    wrong: (n: number) => (n === 1 ? 'One thing is wrong.' : `${n} things are wrong.`),
    warnings: 'It is whole, and this can hardly be meant',
    issuers: (names: string) => `Without a key file here, so their keys stay as they are in force: ${names}.`,
  },
  {
    asking: '中心正在检查……',
    whole: (c: Schemas['DraftChecked']) => `草稿完整：${c.zones} 个安全域、${c.subjects} 个主体、${c.objects} 个客体、${c.flows} 个数据流、${c.cases} 个用例。`,
    wrong: (n: number) => `有 ${n} 处错误。`,
    warnings: '草稿完整，但以下内容可能并非本意',
    issuers: (names: string) => `以下签发者在草稿中没有密钥文件，沿用生效策略中的密钥：${names}。`,
  },
);

interface CheckLineProps {
  checked: UseQueryResult<Schemas['DraftChecked']>;
  onGo?: (m: Schemas['DraftMistake']) => void;
}

// CheckLine is what the center's check says of the draft as it is on the screen.
export function CheckLine({ checked, onGo }: CheckLineProps) {
  const t = useText();
  if (checked.error) return <ProblemView error={checked.error} retry={() => void checked.refetch()} />;
  const c = checked.data;
  if (!c) return <p className="hint">{t.asking}</p>;
  const wrong = c.wrong ?? [];
  const warnings = c.warnings ?? [];
  return (
    <div className="stack check-line" aria-busy={checked.isFetching}>
      <div role="status">
        {wrong.length > 0 ? (
          <Alert type="error" showIcon title={t.wrong(wrong.length)} description={<Mistakes of={wrong} onGo={onGo} />} />
        ) : (
          <Alert type="success" showIcon title={t.whole(c)} />
        )}
      </div>
      {wrong.length === 0 && (c.issuers ?? []).length > 0 && <p className="hint">{t.issuers(c.issuers!.join(', '))}</p>}
      {warnings.length > 0 && <Alert type="warning" showIcon title={t.warnings} description={<Mistakes of={warnings} onGo={onGo} />} />}
    </div>
  );
}

function Mistakes({ of, onGo }: { of: Schemas['DraftMistake'][]; onGo: CheckLineProps['onGo'] }) {
  const words = useSaid();
  return (
    <ul className="mistakes">
      {of.map((m, i) => {
        const said = (
          <span className="wrap-anywhere">
            <code>{m.line ? `${m.file}:${m.line}:${m.column ?? 1}` : m.file}</code> {words(m).text}
          </span>
        );
        return (
          <li key={i}>
            {onGo ? (
              <Button type="link" onClick={() => onGo(m)}>
                {said}
              </Button>
            ) : (
              said
            )}
          </li>
        );
      })}
    </ul>
  );
}
