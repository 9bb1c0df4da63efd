// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { DownloadOutlined, SafetyCertificateOutlined } from '@ant-design/icons';
import { Alert, Button, Popover, Space, Typography } from 'antd';
import { Act } from '../parts/Act';
import { Mark } from '../parts/Mark';
import { ProblemView } from '../parts/ProblemView';
import { Time } from '../parts/Time';
import type { Shown } from './differs';
import { tarOf } from './tar';
import { useText } from './text';
import { fileOf, nameOf, proofPath, type Result, type useProofs } from './useProofs';

export const isGood = (r: Result | undefined) => r?.checked != null && r.differs.length === 0;

// ProofMark is what came of checking one proof, in a word; more behind it.
export function ProofMark({ result }: { result: Result | undefined }) {
  const t = useText();
  if (result === undefined) return <Mark tone="quiet">{t.notChecked}</Mark>;
  const open = result.bad?.fault === 'no-key';
  const tone = isGood(result) ? 'good' : result.problem || open ? 'warn' : 'bad';
  const word = isGood(result) ? t.good : result.problem ? t.notFetched : open ? t.noKey : t.bad;
  return (
    <Popover trigger="click" content={<div className="proof-result" role="dialog" aria-label={word}><ProofResult result={result} /></div>}>
      <Button type="text" size="small" aria-haspopup="dialog">
        <Mark tone={tone}>{word}</Mark>
      </Button>
    </Popover>
  );
}

// ProofResult says what was checked, and by whose keys.
export function ProofResult({ result }: { result: Result }) {
  const t = useText();
  const { checked, bad, differs } = result;
  if (result.problem) return <ProblemView error={result.problem} />;
  if (bad) return <Alert type={bad.fault === 'no-key' ? 'warning' : 'error'} showIcon title={t.faults[bad.fault]} description={bad.message} />;
  if (!checked) return null;
  return (
    <div>
      <Alert type={differs.length > 0 ? 'error' : 'success'} showIcon title={differs.length > 0 ? t.differs(differs.join(', ')) : t.same} />
      <ul className="proof-facts">
        <li>{t.inLog(String(checked.index), String(checked.size))}</li>
        {checked.signatures.map((s) => (
          <li key={s.name + s.at}>
            {s.good === null ? t.cosignedOpen(s.name) : s.witness ? t.cosigned(s.name) : t.signedBy(s.name)} {s.at !== null && <Time at={s.at * 1000} />}
          </li>
        ))}
        <li className="wrap-anywhere">
          {t.root}: <code>{checked.root}</code>
        </li>
        <li className="wrap-anywhere">
          {t.leafHash}: <code>{checked.leafHash}</code>
        </li>
      </ul>
    </div>
  );
}

// ProofPanel has proofs checked here, and says honestly what that shows.
export function ProofPanel({ entries, proofs }: { entries: Shown[]; proofs: ReturnType<typeof useProofs> }) {
  const t = useText();
  const { results, busy, check } = proofs;
  const done = entries.filter((e) => results.has(nameOf(e)));
  const good = done.filter((e) => isGood(results.get(nameOf(e)))).length;
  const refuted = done.some((e) => {
    const r = results.get(nameOf(e));
    return (r?.bad && r.bad.fault !== 'no-key') || (r?.differs.length ?? 0) > 0;
  });
  const first = entries[0];
  return (
    <div className="proof-panel">
      <p>
        {t.how} {t.recorded}
      </p>
      <Space wrap>
        <Act call="prove-entry" type="primary" icon={<SafetyCertificateOutlined />} loading={busy} onClick={() => void check(entries)}>
          {entries.length > 1 ? t.checkAll : t.check}
        </Act>
        {entries.length > 1 && done.length > 0 && <Mark tone={good === done.length ? 'good' : refuted ? 'bad' : 'warn'}>{t.all(good, done.length)}</Mark>}
        <SaveProofs entries={done} results={results} />
      </Space>
      {first && (
        <Typography.Paragraph className="proof-honest">
          {t.honest} <code className="wrap-anywhere">{`dukou audit check ${fileOf(first)} --components DIR`}</code>
        </Typography.Paragraph>
      )}
    </div>
  );
}

// SaveProof is a link to the proof of an entry, as a file.
export function SaveProof({ entry }: { entry: Shown }) {
  const t = useText();
  return (
    <Button size="small" type="link" icon={<DownloadOutlined />} href={proofPath(entry)} download={fileOf(entry)} aria-label={`${t.save}: ${nameOf(entry)}`}>
      {t.save}
    </Button>
  );
}

// SaveProofs saves all proofs that were fetched, in one file.
function SaveProofs({ entries, results }: { entries: Shown[]; results: ReadonlyMap<string, Result> }) {
  const t = useText();
  const files = entries.flatMap((e) => {
    const bytes = results.get(nameOf(e))?.bytes;
    return bytes ? [{ name: fileOf(e), bytes }] : [];
  });
  if (files.length < 2) return null;
  const save = () => {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([tarOf(files, Date.now() / 1000)], { type: 'application/x-tar' }));
    link.download = `${entries[0]?.parcel || 'proofs'}.tar`;
    link.click();
    URL.revokeObjectURL(link.href);
  };
  return (
    <Button icon={<DownloadOutlined />} onClick={save}>
      {t.saveAll}
    </Button>
  );
}
