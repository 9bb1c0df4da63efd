// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { DeleteOutlined, SaveOutlined, UndoOutlined } from '@ant-design/icons';
import { Alert, App, Button, Skeleton, Space, Spin, Tabs, Tag } from 'antd';
import { lazy, Suspense, useEffect, useState } from 'react';
import { Link, useBlocker, useNavigate, useParams } from 'react-router';
import { api, type Schemas } from '../../api/client';
import { texts } from '../../language/texts';
import { Act } from '../../parts/Act';
import { Page } from '../../parts/Page';
import { ProblemView } from '../../parts/ProblemView';
import { useAct } from '../../parts/useAct';
import { useAddress } from '../../parts/useAddress';
import { DeleteDraft } from './Drafts';
import { Clashes } from './draft/Clashes';
import { useFiles, useWork, type Work, WorkContext } from './draft/work';
import './policy.css';

const FilesTab = lazy(() => import('./draft/FilesTab').then((m) => ({ default: m.FilesTab })));
const FormsTab = lazy(() => import('./draft/FormsTab').then((m) => ({ default: m.FormsTab })));
const DifferenceTab = lazy(() => import('./draft/DifferenceTab').then((m) => ({ default: m.DifferenceTab })));
const CasesTab = lazy(() => import('./draft/CasesTab').then((m) => ({ default: m.CasesTab })));
const RehearsalTab = lazy(() => import('./draft/RehearsalTab').then((m) => ({ default: m.RehearsalTab })));
const PublishTab = lazy(() => import('./draft/PublishTab').then((m) => ({ default: m.PublishTab })));

const useText = texts(
  {
    draft: 'Draft',
    lead: 'A policy that is being worked at. It decides nothing until it is published.',
    names: 'Names across zones',
    tabs: { forms: 'Forms', files: 'Files', difference: 'Difference', cases: 'Cases', rehearsal: 'Rehearsal', publish: 'Publish' },
    save: (n: number) => (n === 0 ? 'Saved' : n === 1 ? 'Save 1 file' : `Save ${n} files`),
    saved: 'Saved.',
    undo: 'Undo',
    drop: 'Discard',
    unsaved: (paths: string) => `Not saved: ${paths}`,
    delete: 'Delete the draft',
    leave: 'Leave without saving?',
    leaveText: 'What you have changed and not saved is lost.',
    stay: 'Stay here',
    go: 'Leave',
    revision: (n: number) => `revision ${n}`,
    first: 'Save first: what follows looks at what is saved.',
  },
  {
    draft: '草稿',
    lead: '正在编辑的策略，发布之前不参与判定。',
    names: '跨域名称',
    tabs: { forms: '表单', files: '文件', difference: '差异', cases: '用例', rehearsal: '预演', publish: '发布' },
    save: (n: number) => (n === 0 ? '已保存' : `保存 ${n} 个文件`),
    saved: '已保存。',
    undo: '撤销',
    drop: '放弃修改',
    unsaved: (paths: string) => `未保存：${paths}`,
    delete: '删除草稿',
    leave: '不保存就离开？',
    leaveText: '未保存的修改将丢失。',
    stay: '留在此页',
    go: '离开',
    revision: (n: number) => `修订 ${n}`,
    first: '请先保存：以下内容针对已保存的文件。',
  },
);

export default function Draft() {
  const t = useText();
  const { id = '' } = useParams();
  const files = useFiles(id);
  const head = api.useQuery('get', '/api/drafts/{id}', { params: { path: { id } } });
  const work = useWork(id, files.data);
  const error = files.error ?? head.error;
  if (error) return <Page title={t.draft}>{<ProblemView error={error} retry={() => void files.refetch()} />}</Page>;
  if (!files.data || !head.data) return <Page title={t.draft}>{<Skeleton active />}</Page>;
  return (
    <WorkContext.Provider value={work}>
      <Page title={head.data.title} lead={t.lead} actions={<Tools work={work} draft={head.data} />}>
        {work.changed.length > 0 && <Guard />}
        <Clashes work={work} />
        <DraftTabs dirty={work.changed.length > 0} />
      </Page>
    </WorkContext.Provider>
  );
}

function Tools({ work, draft }: { work: Work; draft: Schemas['DraftShownBody'] }) {
  const t = useText();
  const go = useNavigate();
  const [busy, act] = useAct();
  const [gone, setGone] = useState(false);
  const n = work.changed.length;
  return (
    <Space wrap>
      <Link to={`/policy/names?draft=${draft.id}`}>{t.names}</Link>
      <Tag variant="outlined">{t.revision(work.revision)}</Tag>
      {work.undo && (
        <Button icon={<UndoOutlined />} onClick={work.undo}>
          {t.undo}
        </Button>
      )}
      {n > 0 && <Button onClick={() => work.drop(work.changed)}>{t.drop}</Button>}
      <Act call="put-draft-files" type="primary" icon={<SaveOutlined />} loading={busy} disabled={n === 0 || work.clashes.length > 0} title={n > 0 ? t.unsaved(work.changed.join(', ')) : undefined} onClick={() => void act(work.save, t.saved)}>
        {t.save(n)}
      </Act>
      <Act call="delete-draft" type="text" danger icon={<DeleteOutlined />} aria-label={t.delete} title={t.delete} onClick={() => setGone(true)} />
      <DeleteDraft draft={gone ? draft : null} onClose={() => setGone(false)} onDone={() => void go('/policy/drafts')} />
    </Space>
  );
}

const tabs = ['forms', 'files', 'difference', 'cases', 'rehearsal', 'publish'] as const;
type Tab = (typeof tabs)[number];

const bodies: Record<Tab, React.ComponentType> = {
  forms: FormsTab,
  files: FilesTab,
  difference: DifferenceTab,
  cases: CasesTab,
  rehearsal: RehearsalTab,
  publish: PublishTab,
};

function DraftTabs({ dirty }: { dirty: boolean }) {
  const t = useText();
  const address = useAddress();
  const asked = address.one('tab') as Tab | undefined;
  const tab = asked && tabs.includes(asked) ? asked : 'forms';
  const Body = bodies[tab];
  return (
    <Tabs
      className="policy-tabs"
      activeKey={tab}
      onChange={(key) => address.set({ tab: key })}
      items={tabs.map((key) => ({
        key,
        label: t.tabs[key],
        children: key === tab && (
          <Suspense fallback={<Spin className="waiting" />}>
            {dirty && key !== 'forms' && key !== 'files' && <Alert type="warning" showIcon title={t.first} />}
            <Body />
          </Suspense>
        ),
      }))}
    />
  );
}

// Guard asks before what is not saved is lost. It is there only while something is.
function Guard() {
  const t = useText();
  const { modal } = App.useApp();
  const blocker = useBlocker(({ currentLocation: a, nextLocation: b }) => a.pathname !== b.pathname);
  useEffect(() => {
    if (blocker.state !== 'blocked') return;
    modal.confirm({ title: t.leave, content: t.leaveText, okText: t.go, cancelText: t.stay, onOk: () => blocker.proceed(), onCancel: () => blocker.reset() });
  }, [blocker, modal, t]);
  useEffect(() => {
    const ask = (e: BeforeUnloadEvent) => e.preventDefault();
    window.addEventListener('beforeunload', ask);
    return () => window.removeEventListener('beforeunload', ask);
  }, []);
  return null;
}
