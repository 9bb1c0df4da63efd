// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { useQueryClient } from '@tanstack/react-query';
import { Alert, Button, DatePicker, Form, Input, InputNumber, Steps } from 'antd';
import dayjs, { type Dayjs } from 'dayjs';
import { useState } from 'react';
import { Link } from 'react-router';
import { api, client, type Schemas } from '../../../api/client';
import { texts } from '../../../language/texts';
import { Act } from '../../../parts/Act';
import { Facts } from '../../../parts/Facts';
import { Id } from '../../../parts/Id';
import { ProblemView } from '../../../parts/ProblemView';
import { useAct } from '../../../parts/useAct';
import { useMay } from '../../../session/session';
import { KeyFile } from '../../../signing/KeyFile';
import { signPublication } from '../../../signing/sign';
import { Seen } from '../Difference';
import { CheckLine } from './CheckLine';
import { useChecked } from './useChecked';
import { useDraft } from './work';

const useText = texts(
  {
    steps: { prepare: 'Prepare', sign: 'Look at it and sign', approve: 'Another person approves' },
    lead: 'Two bundles are made: this draft with the components that are admitted, and what is in force now under a still higher version. The second one is put back by itself unless somebody confirms in time. Nothing is in force by this.',
    within: 'Confirm within, in minutes',
    withinHint: 'After it comes into force. Without a confirmation it goes back, also when nobody can reach the console any more.',
    prepare: 'Make the bundles',
    first: 'Save first: only what is saved is published.',
    other: 'Security administrators publish. You may look at the difference and the cases.',
    bundle: 'Bundle to sign',
    back: 'Bundle that puts back what was',
    version: (v: number) => `version ${v}`,
    digest: 'Digest',
    difference: 'What you sign changes this',
    sign: 'Sign and propose',
    reason: 'Why, for the second person',
    due: 'Not before (at once when it is left empty)',
    key: 'Your approver key',
    propose: 'Sign and propose',
    done: 'Proposed',
    doneText: 'A second security administrator finds it in their inbox, sees the same difference, and signs with a key of their own. You cannot approve it yourself.',
    proposal: 'To the proposal',
    publication: 'To the publication',
    again: 'Prepare it again',
  },
  {
    steps: { prepare: '准备', sign: '查看并签名', approve: '另一人批准' },
    lead: '将生成两个策略包：一个是本草稿与已接纳部件的组合，另一个以更高版本号保存当前生效策略。如未按时确认，后者将自动恢复。此步骤不会使任何策略生效。',
    within: '确认时限（分钟）',
    withinHint: '自生效起计。未确认则自动回退，即使所有人都无法访问控制台。',
    prepare: '生成策略包',
    first: '请先保存：只发布已保存的内容。',
    other: '由安全管理员发布。您可以查看差异和用例。',
    bundle: '待签名的策略包',
    back: '用于回退的策略包',
    version: (v: number) => `版本 ${v}`,
    digest: '摘要',
    difference: '您的签名将带来以下变化',
    sign: '签名并提议',
    reason: '理由（供第二人查看）',
    due: '不早于（留空则批准后立即生效）',
    key: '您的批准密钥',
    propose: '签名并提议',
    done: '已提议',
    doneText: '另一位安全管理员会在待办中看到它，查看同样的差异，并用自己的密钥签名。您不能批准自己的提议。',
    proposal: '查看提议',
    publication: '查看发布',
    again: '重新准备',
  },
);

type Prepared = Schemas['DraftPublication'];

// PublishTab takes a draft to its proposal, in three steps.
export function PublishTab() {
  const t = useText();
  const may = useMay();
  const [prepared, setPrepared] = useState<Prepared | null>(null);
  const [proposed, setProposed] = useState<Schemas['Proposal'] | null>(null);
  if (!may('propose-publication')) return <Alert type="info" showIcon title={t.other} />;
  const step = proposed ? 2 : prepared ? 1 : 0;
  return (
    <div className="stack">
      <Steps size="small" current={step} items={Object.values(t.steps).map((title) => ({ title }))} />
      {step === 0 && <Prepare onPrepared={setPrepared} />}
      {step === 1 && prepared && <Sign of={prepared} onProposed={setProposed} onAgain={() => setPrepared(null)} />}
      {proposed && prepared && (
        <Alert
          type="success"
          showIcon
          role="status"
          title={t.done}
          description={
            <>
              <p>{t.doneText}</p>
              <Link to={`/proposals/${proposed.id}`}>{t.proposal}</Link> · <Link to={`/policy/publications/${prepared.id}`}>{t.publication}</Link>
            </>
          }
        />
      )}
    </div>
  );
}

function Prepare({ onPrepared }: { onPrepared: (p: Prepared) => void }) {
  const t = useText();
  const work = useDraft();
  const queries = useQueryClient();
  const checked = useChecked(work);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const prepare = async (confirmWithin: number) => {
    setBusy(true);
    setError(null);
    try {
      const { data } = await client.POST('/api/policies', { body: { draft: work.id, revision: work.revision, confirmWithin } });
      void queries.invalidateQueries({ queryKey: ['get', '/api/policies'] });
      onPrepared(data!);
    } catch (e) {
      setError(e);
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <p>{t.lead}</p>
      {work.changed.length > 0 ? <Alert type="warning" showIcon title={t.first} /> : <CheckLine checked={checked} />}
      {error !== null && <ProblemView error={error} />}
      <Form layout="vertical" name="prepare" initialValues={{ within: 10 }} onFinish={({ within }: { within: number }) => void prepare(within)}>
        <Form.Item name="within" label={t.within} extra={t.withinHint} rules={[{ required: true, message: t.within }]}>
          <InputNumber min={1} max={1440} precision={0} />
        </Form.Item>
        <Act call="prepare-publication" type="primary" htmlType="submit" loading={busy} disabled={work.changed.length > 0 || !checked.data?.whole}>
          {t.prepare}
        </Act>
      </Form>
    </>
  );
}

interface SignValues {
  reason?: string;
  due?: Dayjs | null;
}

function Sign({ of: p, onProposed, onAgain }: { of: Prepared; onProposed: (p: Schemas['Proposal']) => void; onAgain: () => void }) {
  const t = useText();
  const queries = useQueryClient();
  const [busy, act] = useAct();
  const [key, setKey] = useState('');
  const params = { params: { path: { id: p.id } } };
  const seen = api.useQuery('get', '/api/policies/{id}/difference', params);
  const propose = ({ reason, due }: SignValues) =>
    act(async () => {
      const signatures = await signPublication(p.id, { version: p.version, digest: p.digest, returnVersion: p.returnVersion, returnDigest: p.returnDigest }, key);
      const body = { signatures, ...(reason ? { reason } : {}), ...(due ? { due: due.toISOString() } : {}) };
      const { data } = await client.POST('/api/policies/{id}/proposal', { ...params, body });
      setKey('');
      onProposed(data!);
      void queries.invalidateQueries({ predicate: (q) => /^\/api\/(proposals|policies|inbox)/.test(String(q.queryKey[1])) });
    });
  const fact = (version: number | undefined, digest: string | undefined) => version && digest && (
    <>
      {t.version(version)}, SHA-256 <Id value={digest} length={64} />
    </>
  );
  return (
    <>
      <Facts columns={1} of={[[t.bundle, fact(p.version, p.digest)], [t.back, fact(p.returnVersion, p.returnDigest)]]} />
      <section>
        <h2>{t.difference}</h2>
        {seen.error && <ProblemView error={seen.error} retry={() => void seen.refetch()} />}
        {seen.data && <Seen difference={seen.data.difference} />}
      </section>
      <section>
        <h2>{t.sign}</h2>
        <Form<SignValues> layout="vertical" name="propose" onFinish={(v) => void propose(v)}>
          <Form.Item name="reason" label={t.reason}>
            <Input.TextArea rows={2} maxLength={2000} />
          </Form.Item>
          <Form.Item name="due" label={t.due}>
            <DatePicker showTime minDate={dayjs()} />
          </Form.Item>
          <h3>{t.key}</h3>
          <KeyFile onKey={setKey} />
          <p>
            <Act call="propose-publication" type="primary" htmlType="submit" loading={busy} disabled={key === '' || !seen.data}>
              {t.propose}
            </Act>{' '}
            <Button onClick={onAgain}>{t.again}</Button>
          </p>
        </Form>
      </section>
    </>
  );
}
