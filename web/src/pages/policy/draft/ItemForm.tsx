// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { DeleteOutlined, FileTextOutlined } from '@ant-design/icons';
import { Alert, App, Button, Form, Space } from 'antd';
import { useMemo } from 'react';
import type { Node } from 'yaml';
import type { Schemas } from '../../../api/client';
import { texts } from '../../../language/texts';
import { useAddress } from '../../../parts/useAddress';
import { Act } from '../../../parts/Act';
import { useMay } from '../../../session/session';
import { useSaid } from '../Difference';
import { documentOf, type Item, type Path, removeItem, setIn } from './edit';
import { FillingContext, RecordFields } from './Fields';
import { titleFor } from './FormsTab';
import { namesOf } from './names';
import { type Schema, schemaAt } from './schema';
import { useDraft } from './work';

const useText = texts(
  {
    text: 'As text',
    remove: 'Take it out',
    removed: (name: string) => `${name} is taken out. “Undo” above brings it back.`,
    wrong: 'The center finds here',
    in: (file: string) => `in ${file}`,
  },
  {
    text: '查看文本',
    remove: '移除',
    removed: (name: string) => `已移除 ${name}。可用上方“撤销”恢复。`,
    wrong: '中心检查发现',
    in: (file: string) => `位于 ${file}`,
  },
);

interface ItemFormProps {
  section: string;
  item: Item;
  root: Schema;
  mistakes: Schemas['DraftMistake'][];
}

// ItemForm is one item as a form over its own lines of the file.
export function ItemForm({ section, item, root, mistakes }: ItemFormProps) {
  const t = useText();
  const words = useSaid();
  const work = useDraft();
  const address = useAddress();
  const { message } = App.useApp();
  const readOnly = !useMay()('put-draft-file');
  const known = useMemo(() => namesOf(work.texts), [work.texts]);
  const text = work.texts.get(item.file) ?? '';
  const set = (path: Path, value: unknown) => {
    work.put({ [item.file]: setIn(text, section, item.at, path, value) });
    if (path.length === 1 && (path[0] === 'name' || path[0] === 'id')) address.set({ item: String(value) });
  };
  const remove = () => {
    const left = removeItem(text, section, item.at);
    work.put({ [item.file]: left === '' ? null : left });
    address.set({ item: null });
    void message.info(t.removed(titleFor(item)));
  };
  const [first, last] = linesOf(item, section, text);
  const here = mistakes.filter((m) => m.file === item.file && m.line !== undefined && m.line >= first && m.line <= last);
  return (
    <section className="policy-side">
      <Space wrap className="field-row">
        <h2>{titleFor(item)}</h2>
        <span className="hint">{t.in(item.file)}</span>
        <Button size="small" icon={<FileTextOutlined />} onClick={() => address.set({ tab: 'files', file: item.file })}>
          {t.text}
        </Button>
        <Act call="put-draft-file" size="small" danger type="text" icon={<DeleteOutlined />} onClick={remove}>
          {t.remove}
        </Act>
      </Space>
      {here.length > 0 && <Alert type="error" showIcon title={t.wrong} description={here.map((m, i) => <div key={i}>{words(m).text}</div>)} />}
      <FillingContext.Provider value={{ root, base: [section, '[]'], known, readOnly, set }}>
        <Form layout="vertical" component="div">
          <RecordFields path={[]} schema={schemaAt(root, [section, '[]'])} value={item.value} />
        </Form>
      </FillingContext.Provider>
    </section>
  );
}

// linesOf are the first and last line of an item in its file.
function linesOf(item: Item, section: string, text: string): [number, number] {
  const node = documentOf(item.file, text).getIn([section, item.at], true) as Node | undefined;
  if (!node?.range) return [0, 0];
  const line = (offset: number) => text.slice(0, offset).split('\n').length;
  return [line(node.range[0]), line(Math.max(node.range[0], node.range[1] - 1))];
}
