// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { useQueryClient } from '@tanstack/react-query';
import { PlusOutlined } from '@ant-design/icons';
import { Checkbox, Form, Input, Modal, Select, type TableProps } from 'antd';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { api, client, type Schemas } from '../../api/client';
import { texts } from '../../language/texts';
import { Act } from '../../parts/Act';
import { ByName } from '../../parts/ByName';
import { Id } from '../../parts/Id';
import { List } from '../../parts/List';
import { Page } from '../../parts/Page';
import { ProblemView } from '../../parts/ProblemView';
import { Time } from '../../parts/Time';
import { useAct } from '../../parts/useAct';
import { useMark } from '../../parts/useAtInputs';
import { useNames } from '../../shell/names';
import './policy.css';

const useText = texts(
  {
    lead: 'Management centers of other systems, which may submit their parts of the policy. A part becomes a draft; nothing of it is applied by itself.',
    admit: 'Propose a partner',
    acts: 'What to do',
    label: 'Partners',
    name: 'Name',
    fingerprint: 'Fingerprint of its key',
    zones: 'Zones whose names it may give',
    lists: 'What it may name',
    listNames: { subjects: 'subjects', objects: 'objects' } as Record<string, string>,
    serial: 'Last part',
    noPart: 'none yet',
    admitted: 'Admitted',
    dismiss: 'Dismiss',
    dismissTitle: 'Propose that a partner may submit nothing any more',
    dismissText: 'A second security administrator approves it. What is in force of its parts stays.',
    proposed: 'Proposed. A second security administrator approves it.',
    empty: 'No partner is admitted. The center of another system is admitted with the public key that signs its parts; a second security administrator approves it.',
    key: 'Its public key: 64 hexadecimal digits',
    keyHint: 'Compare its fingerprint on the next page with what the partner reads out.',
    nameHint: 'lower-case letters, digits and hyphens, as: branch-center',
    reason: 'Why, for the second person',
    needed: 'This is needed.',
    propose: 'Propose',
    leave: 'Leave it',
  },
  {
    lead: '其他系统的安全管理中心，可提交其负责的策略部分。提交内容成为草稿，不会自行生效。',
    admit: '提议接纳伙伴',
    acts: '操作',
    label: '伙伴管理中心',
    name: '名称',
    fingerprint: '密钥指纹',
    zones: '可命名的安全域',
    lists: '可命名的内容',
    listNames: { subjects: '主体', objects: '客体' },
    serial: '最近提交',
    noPart: '尚无',
    admitted: '接纳时间',
    dismiss: '取消接纳',
    dismissTitle: '提议该伙伴不得再提交策略',
    dismissText: '须由另一位安全管理员批准。已生效的内容不受影响。',
    proposed: '已提议，等待另一位安全管理员批准。',
    empty: '尚未接纳伙伴。接纳其他系统的管理中心时，须登记其签名公钥，并由另一位安全管理员批准。',
    key: '公钥：64 位十六进制数字',
    keyHint: '请在下一页将指纹与对方读出的指纹比对。',
    nameHint: '小写字母、数字和连字符，例如 branch-center',
    reason: '理由（供第二人查看）',
    needed: '必填。',
    propose: '提议',
    leave: '取消',
  },
);

type Partner = Schemas['DraftPartner'];

export default function Partners() {
  const t = useText();
  const names = useNames();
  const answer = api.useQuery('get', '/api/partners');
  const [making, setMaking] = useState(false);
  const [gone, setGone] = useState<string | null>(null);
  const columns: TableProps<Partner>['columns'] = [
    { title: t.name, dataIndex: 'name' },
    { title: t.fingerprint, dataIndex: 'fingerprint', render: (f: string) => <Id value={f} length={20} /> },
    { title: t.zones, dataIndex: 'zones', render: (z: string[] | null) => (z ?? []).join(', ') },
    { title: t.lists, dataIndex: 'lists', render: (l: string[] | null) => (l ?? []).map((x) => t.listNames[x] ?? x).join(', ') },
    { title: t.serial, dataIndex: 'serial', render: (n: number) => n || t.noPart },
    { title: t.admitted, dataIndex: 'admitted', render: (at: string) => <Time at={at} /> },
    {
      title: <span className="unseen">{t.acts}</span>,
      key: 'acts',
      render: (_, p) => (
        <Act call="propose-partner-dismissal" size="small" danger type="text" aria-label={`${t.dismiss}: ${p.name}`} onClick={() => setGone(p.name)}>
          {t.dismiss}
        </Act>
      ),
    },
  ];
  return (
    <Page
      title={names.pages.partners}
      lead={t.lead}
      actions={
        <Act call="propose-partner" type="primary" icon={<PlusOutlined />} onClick={() => setMaking(true)}>
          {t.admit}
        </Act>
      }
    >
      <List items={answer.data?.items} pending={answer.isPending} error={answer.error} again={() => void answer.refetch()} label={t.label} empty={t.empty} rowKey="name" columns={columns} />
      <Admit open={making} onClose={() => setMaking(false)} />
      <Dismiss name={gone} onClose={() => setGone(null)} />
    </Page>
  );
}

// useProposed goes to a proposal that was made.
function useProposed() {
  const go = useNavigate();
  const queries = useQueryClient();
  return (p: Schemas['Proposal'] | undefined) => {
    void queries.invalidateQueries({ predicate: (q) => /^\/api\/(proposals|inbox)/.test(String(q.queryKey[1])) });
    if (p) void go(`/proposals/${p.id}`);
  };
}

function Dismiss({ name, onClose }: { name: string | null; onClose: () => void }) {
  const t = useText();
  const proposed = useProposed();
  const [, act] = useAct();
  const propose = () =>
    act(async () => {
      const { data } = await client.POST('/api/partners/{name}/dismissal', { params: { path: { name: name ?? '' } }, body: {} });
      proposed(data);
    }, t.proposed).then(onClose);
  return (
    <ByName open={name !== null} name={name ?? ''} title={t.dismissTitle} does={t.propose} onDo={propose} onLeave={onClose}>
      <p>{t.dismissText}</p>
    </ByName>
  );
}

type Values = Schemas['ProposePartnerInBody'];

function Admit({ open, onClose }: { open: boolean; onClose: () => void }) {
  const t = useText();
  const proposed = useProposed();
  const [form] = Form.useForm<Values>();
  const mark = useMark(form);
  const [error, setError] = useState<unknown>(null);
  const zones = api.useQuery('get', '/api/policies/names', {}, { enabled: open }).data?.items ?? [];
  const known = [...new Set(zones.flatMap((n) => [n.zone, n.id.split('/')[0]!]))].sort();
  const propose = async (v: Values) => {
    setError(null);
    try {
      const { data } = await client.POST('/api/partners', { body: { ...v, key: v.key.trim().toLowerCase() } });
      onClose();
      proposed(data);
    } catch (e) {
      setError(e);
      mark(e);
    }
  };
  const needed = [{ required: true, message: t.needed }];
  // A group of boxes cannot be said to be required.
  const chosen = [{ validator: (_: unknown, list?: string[]) => (list?.length ? Promise.resolve() : Promise.reject(new Error(t.needed))) }];
  return (
    <Modal open={open} title={t.admit} okText={t.propose} cancelText={t.leave} onOk={form.submit} onCancel={onClose} destroyOnHidden>
      <Form<Values> form={form} layout="vertical" name="partner" onFinish={(v) => void propose(v)} initialValues={{ lists: ['subjects', 'objects'], zones: [] }}>
        {error !== null && <ProblemView error={error} />}
        <Form.Item name="name" label={t.name} extra={t.nameHint} rules={needed}>
          <Input autoFocus maxLength={63} />
        </Form.Item>
        <Form.Item name="key" label={t.key} extra={t.keyHint} rules={needed}>
          <Input className="mono" maxLength={70} />
        </Form.Item>
        <Form.Item name="zones" label={t.zones} rules={needed}>
          <Select mode="tags" options={known.map((z) => ({ value: z }))} />
        </Form.Item>
        <Form.Item name="lists" label={t.lists} rules={chosen}>
          <Checkbox.Group options={['subjects', 'objects'].map((v) => ({ value: v, label: t.listNames[v] }))} />
        </Form.Item>
        <Form.Item name="reason" label={t.reason}>
          <Input.TextArea rows={2} maxLength={2000} />
        </Form.Item>
      </Form>
    </Modal>
  );
}
