// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Alert, Button, Modal, Skeleton, Space } from 'antd';
import { lazy, Suspense, useMemo, useState } from 'react';
import { texts } from '../../../language/texts';
import type { Work } from './work';

const Both = lazy(() => import('./Both'));

const useText = texts(
  {
    clash: 'Somebody else has saved these files meanwhile',
    text: 'What you typed is kept. Look at both, then take theirs, or keep yours over it.',
    theirs: 'Take theirs',
    mine: 'Keep mine',
    look: 'Look at both',
    their: 'Theirs, as it is saved',
    my: 'Yours',
    gone: 'The file was taken out.',
    close: 'Close',
    unchanged: '$ lines that are the same',
  },
  {
    clash: '以下文件已被他人保存',
    text: '您输入的内容仍保留。请对照两者，再采用对方的内容或保留您的内容。',
    theirs: '采用对方的',
    mine: '保留我的',
    look: '对照两者',
    their: '对方已保存的内容',
    my: '您的内容',
    gone: '该文件已被移除。',
    close: '关闭',
    unchanged: '$ 行相同',
  },
);

// Clashes are files that somebody else has saved while they were being changed here.
export function Clashes({ work }: { work: Work }) {
  const t = useText();
  const [shown, setShown] = useState<string | null>(null);
  const both = useMemo(() => ({ left: { label: t.their, text: work.saved.get(shown ?? '') ?? t.gone }, right: { label: t.my, text: work.texts.get(shown ?? '') ?? t.gone } }), [work.saved, work.texts, shown, t]);
  if (work.clashes.length === 0) return null;
  const look = work.clashes.map((path) => (
    <Button key={path} type="link" onClick={() => setShown(path)}>
      {t.look}: {path}
    </Button>
  ));
  return (
    <>
      <Alert
        type="warning"
        showIcon
        role="alert"
        title={t.clash}
        description={
          <>
            {t.text}
            <div>{look}</div>
          </>
        }
        action={
          <Space>
            <Button onClick={() => work.drop(work.clashes)}>{t.theirs}</Button>
            <Button onClick={() => work.keep(work.clashes)}>{t.mine}</Button>
          </Space>
        }
      />
      <Modal open={shown !== null} title={shown} width={1100} footer={<Button onClick={() => setShown(null)}>{t.close}</Button>} onCancel={() => setShown(null)} destroyOnHidden>
        <div className="two-titles">
          <strong>{t.their}</strong>
          <strong>{t.my}</strong>
        </div>
        <Suspense fallback={<Skeleton active />}>
          <Both unchanged={t.unchanged} {...both} />
        </Suspense>
      </Modal>
    </>
  );
}
