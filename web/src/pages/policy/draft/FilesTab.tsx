// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Alert, Empty, Skeleton } from 'antd';
import { lazy, Suspense, useMemo, useState } from 'react';
import { texts, useLanguage } from '../../../language/texts';
import { useAddress } from '../../../parts/useAddress';
import { useMay } from '../../../session/session';
import { CheckLine } from './CheckLine';
import { namesOf } from './names';
import { Tree } from './Tree';
import { useChecked } from './useChecked';
import { useSchema } from './useSchema';
import { useDraft } from './work';

const Editor = lazy(() => import('./Editor'));

const en = {
  choose: 'Choose a file on the left.',
  gone: 'This file is not in the draft.',
  empty: 'The draft has no files yet.',
  label: (path: string) => `Text of ${path}`,
  keys: 'Ctrl+Space offers what may stand here, Ctrl+F searches, Ctrl+Z undoes. Tab leaves the editor.',
  readOnly: 'You may read this draft and not change it.',
};
const useText = texts(en, {
  choose: '请在左侧选择文件。',
  gone: '草稿中没有此文件。',
  empty: '草稿中尚无文件。',
  label: (path: string) => `${path} 的文本`,
  keys: 'Ctrl+空格 提示可填内容，Ctrl+F 查找，Ctrl+Z 撤销。按 Tab 离开编辑器。',
  readOnly: '您可以查看此草稿，但不能修改。',
});

const nothing: Record<string, string> = {};
const chinese: Record<string, string> = {
  'Control character': '控制字符',
  Find: '查找',
  Replace: '替换',
  next: '下一个',
  previous: '上一个',
  all: '全部',
  'match case': '区分大小写',
  'by word': '整词',
  regexp: '正则表达式',
  replace: '替换',
  'replace all': '全部替换',
  close: '关闭',
  'current match': '当前匹配',
  'replaced $ matches': '已替换 $ 处',
  'replaced match on line $': '已替换第 $ 行的匹配',
  'on line': '位于行',
  'Go to line': '转到行',
  go: '转到',
  Completions: '提示',
  Diagnostics: '错误',
  'No diagnostics': '没有错误',
  'Fold line': '折叠',
  'Unfold line': '展开',
  'folded code': '已折叠的内容',
  unfold: '展开',
  to: '至',
  'Folded lines': '已折叠的行',
  'Unfolded lines': '已展开的行',
};

// FilesTab is the files as text.
export function FilesTab() {
  const t = useText();
  const work = useDraft();
  const address = useAddress();
  const language = useLanguage();
  const readOnly = !useMay()('put-draft-file');
  const schema = useSchema().data;
  const checked = useChecked(work);
  const [goTo, setGoTo] = useState<{ line: number; column: number; time: number } | null>(null);
  const path = address.one('file') ?? [...work.texts.keys()].find((p) => p.startsWith('flows/')) ?? [...work.texts.keys()][0];
  const known = useMemo(() => namesOf(work.texts), [work.texts]);
  const wrong = checked.data?.wrong ?? [];
  const mistakes = useMemo(() => (checked.data?.wrong ?? []).filter((m) => m.file === path), [checked.data, path]);
  const open = (file: string) => address.set({ file });
  if (work.texts.size === 0 && readOnly) return <Empty description={t.empty} />;
  const text = path === undefined ? undefined : work.texts.get(path);
  return (
    <div className="stack">
      {readOnly && <Alert type="info" title={t.readOnly} />}
      <div className="policy-files">
        <Tree work={work} path={path} wrong={new Set(wrong.map((m) => m.file))} onPath={open} />
        <div>
          {path === undefined || text === undefined ? (
            <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={path === undefined ? t.choose : t.gone} />
          ) : (
            <Suspense fallback={<Skeleton active />}>
              <Editor
                path={path}
                text={text}
                label={t.label(path)}
                readOnly={readOnly}
                mistakes={mistakes}
                knowing={{ schema: schema ?? {}, known, language }}
                phrases={language === 'zh' ? chinese : nothing}
                goTo={goTo}
                onType={(typed) => work.type(path, typed)}
              />
              <p className="hint">{t.keys}</p>
            </Suspense>
          )}
          <CheckLine
            checked={checked}
            onGo={(m) => {
              if (work.texts.has(m.file)) open(m.file);
              setGoTo({ line: m.line ?? 1, column: m.column ?? 1, time: Date.now() });
            }}
          />
        </div>
      </div>
    </div>
  );
}
