// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Space, type TableColumnsType } from 'antd';
import { useState } from 'react';
import { api, client, type Schemas } from '../../api/client';
import { texts } from '../../language/texts';
import { Act } from '../../parts/Act';
import { ByName } from '../../parts/ByName';
import { Kept } from '../../parts/Kept';
import { List } from '../../parts/List';
import { Mark } from '../../parts/Mark';
import { Page } from '../../parts/Page';
import { Time } from '../../parts/Time';
import { useAct } from '../../parts/useAct';
import { useMay } from '../../session/session';
import { ChannelForm } from './ChannelForm';
import { useKinds } from './channelText';
import { useLevels } from './Level';
import { Trial } from './Trial';
import './alerts.css';

type Channel = Schemas['ChannelBody'];

const useText = texts(
  {
    title: 'Channels',
    lead: 'How people are told of alerts. What a channel does not take waits, is sent again, and raises an alert that the others tell of.',
    make: 'Add a channel',
    name: 'Name',
    kind: 'Kind',
    state: 'State',
    on: 'on',
    off: 'switched off',
    failing: 'does not take messages',
    for: 'For',
    above: (level: string) => `${level} and above`,
    windows: (n: number) => `set times of the week (${n})`,
    standing: 'How it does',
    waiting: (n: number) => `${n} wait`,
    failed: (n: number) => `${n} given up in 30 days`,
    well: 'nothing waits',
    last: 'Took one',
    act: 'Act',
    change: 'Change',
    delete: 'Delete',
    of: (what: string, name: string) => `${what}: ${name}`,
    deleteTitle: 'Delete this channel',
    lost: 'What waits for it is told to nobody, and it cannot be brought back: its secrets are shown nowhere.',
    deleted: 'Deleted.',
    empty: 'Nobody is told of alerts yet. Add a channel: mail, a robot of WeCom, DingTalk or Feishu, a webhook of your own, or syslog.',
  },
  {
    title: '通知渠道',
    lead: '告警如何通知人员。未送达的消息会排队重发，并产生告警由其他渠道通知。',
    make: '添加渠道',
    name: '名称',
    kind: '类型',
    state: '状态',
    on: '启用',
    off: '已停用',
    failing: '无法送达',
    for: '适用级别',
    above: (level) => `${level}及以上`,
    windows: (n) => `指定时段（${n} 个）`,
    standing: '送达情况',
    waiting: (n) => `${n} 条等待`,
    failed: (n) => `30 天内放弃 ${n} 条`,
    well: '无积压',
    last: '最近送达',
    act: '操作',
    change: '修改',
    delete: '删除',
    of: (what, name) => `${what}：${name}`,
    deleteTitle: '删除此渠道',
    lost: '等待发送的消息将不再通知任何人；渠道无法恢复，其密钥也不会显示在任何地方。',
    deleted: '已删除。',
    empty: '目前告警不会通知任何人。请添加渠道：邮件、企业微信、钉钉或飞书机器人、自定义 Webhook，或 syslog。',
  },
);

export default function Channels() {
  const t = useText();
  const list = api.useQuery('get', '/api/channels');
  const [wish, wishFor] = useState<Channel | 'new' | null>(null);
  return (
    <Page
      title={t.title}
      lead={t.lead}
      actions={
        <Act call="create-channel" type="primary" onClick={() => wishFor('new')}>
          {t.make}
        </Act>
      }
    >
      <List<Channel> label={t.title} items={list.data?.items} pending={list.isPending} error={list.error} again={() => void list.refetch()} rowKey={(c) => c.id ?? c.name} columns={useColumns(wishFor)} empty={t.empty} />
      <Kept of={wish}>
        {(w, open) => <ChannelForm channel={w === 'new' ? undefined : w} open={open} fresh={list.data?.items?.find((c) => w !== 'new' && c.id === w.id)} onClose={() => wishFor(null)} />}
      </Kept>
    </Page>
  );
}

function useColumns(change: (c: Channel) => void): TableColumnsType<Channel> {
  const t = useText();
  const kinds = useKinds();
  const levels = useLevels();
  const may = useMay();
  const columns: TableColumnsType<Channel> = [
    { title: t.name, key: 'name', render: (_, c) => <strong className="wrap-anywhere">{c.name}</strong> },
    { title: t.kind, key: 'kind', render: (_, c) => <span title={c.kind}>{kinds[c.kind]}</span> },
    { title: t.state, key: 'state', render: (_, c) => (c.on ? c.standing.error ? <Mark tone="bad">{t.failing}</Mark> : <Mark tone="good">{t.on}</Mark> : <Mark tone="quiet">{t.off}</Mark>) },
    { title: t.for, key: 'for', render: (_, c) => (c.windows?.length ? <span title={c.windows.join('\n')}>{t.windows(c.windows.length)}</span> : t.above(levels[c.least ?? 1] ?? '')) },
    { title: t.standing, key: 'standing', render: (_, c) => <Standing of={c.standing} /> },
    { title: t.last, key: 'last', render: (_, c) => <Time at={c.standing.last} /> },
    {
      title: t.act,
      key: 'act',
      render: (_, c) => (
        <Space>
          <Trial channel={c} />
          <Act call="set-channel" size="small" aria-label={t.of(t.change, c.name)} onClick={() => change(c)}>
            {t.change}
          </Act>
          <Remove channel={c} />
        </Space>
      ),
    },
  ];
  return columns.filter((c) => c.key !== 'act' || may('set-channel'));
}

function Standing({ of: s }: { of: Schemas['NotifyStanding'] }) {
  const t = useText();
  const said = [s.waiting > 0 && t.waiting(s.waiting), s.failed > 0 && t.failed(s.failed)].filter(Boolean).join(' · ');
  return (
    <div className="alert-standing">
      {said || t.well}
      {s.error && <div className="alert-more wrap-anywhere">{s.error}</div>}
    </div>
  );
}

function Remove({ channel }: { channel: Channel }) {
  const t = useText();
  const [open, setOpen] = useState(false);
  const [, act] = useAct();
  const list = api.useQuery('get', '/api/channels');
  const remove = async () => {
    const done = await act(() => client.DELETE('/api/channels/{id}', { params: { path: { id: channel.id ?? '' } } }), t.deleted);
    if (done) setOpen(false);
    await list.refetch();
  };
  return (
    <>
      <Act call="delete-channel" size="small" danger aria-label={t.of(t.delete, channel.name)} onClick={() => setOpen(true)}>
        {t.delete}
      </Act>
      <ByName open={open} name={channel.name} title={t.deleteTitle} does={t.delete} onDo={remove} onLeave={() => setOpen(false)}>
        <p>{t.lost}</p>
      </ByName>
    </>
  );
}
