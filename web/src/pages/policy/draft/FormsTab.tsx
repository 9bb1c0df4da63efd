// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { PlusOutlined } from '@ant-design/icons';
import { Button, Empty, Form, Input, Segmented } from 'antd';
import { useMemo } from 'react';
import type { Schemas } from '../../../api/client';
import { texts, useLanguage } from '../../../language/texts';
import { Act } from '../../../parts/Act';
import { useAddress } from '../../../parts/useAddress';
import { useMay } from '../../../session/session';
import { addItem, documentOf, type Item, itemsOf } from './edit';
import { ItemForm } from './ItemForm';
import { NewFlow } from './NewFlow';
import { beginningOf, type Schema, schemaAt, titleOf } from './schema';
import { Settings } from './Settings';
import { useChecked } from './useChecked';
import { useSchema } from './useSchema';
import { CheckLine } from './CheckLine';
import { useDraft, type Work } from './work';

const useText = texts(
  {
    sections: { flows: 'Flows', objects: 'Objects', subjects: 'Subjects', zones: 'Zones', issuers: 'Issuers of tokens', cases: 'Cases', settings: 'Label categories and the rest' } as Record<string, string>,
    about: {
      flows: 'A flow is a named way for questions or files from one zone to another.',
      objects: 'What is asked for or delivered to, its class, and what the other zone calls it.',
      subjects: 'Who may ask, by what they prove it, and who stands in for them in the other zone.',
      zones: 'The graded systems that are joined, with the most that may enter each.',
      issuers: 'Applications inside whose tokens prove who asks.',
      cases: 'Questions to the policy with the answer that is expected.',
      settings: 'The guard, how long a bundle holds, and the categories of labels.',
    } as Record<string, string>,
    find: 'Find',
    newFlow: 'New flow',
    add: 'Add one',
    none: 'None of these is in the draft.',
    list: 'What there is',
  },
  {
    sections: { flows: '数据流', objects: '客体', subjects: '主体', zones: '安全域', issuers: '令牌签发者', cases: '用例', settings: '标记类别及其他' },
    about: {
      flows: '数据流是请求或文件从一个安全域到另一个安全域的命名通道。',
      objects: '被请求或投递的对象、其级别，以及对侧安全域对它的称呼。',
      subjects: '谁可以请求、凭什么证明，以及在对侧由谁代理。',
      zones: '互联的定级系统，以及各自可接收的最高级别。',
      issuers: '其令牌可证明请求者身份的内部应用。',
      cases: '对策略的提问及其预期结果。',
      settings: '互联部件、策略包有效期和标记类别。',
    },
    find: '查找',
    newFlow: '新建数据流',
    add: '新增',
    none: '草稿中没有此类内容。',
    list: '已有内容',
  },
);

const sections = ['flows', 'objects', 'subjects', 'zones', 'issuers', 'cases', 'settings'];

// titleFor is the name by which a person knows an item.
export function titleFor(item: Item): string {
  const { name, id } = item.value;
  return typeof name === 'string' ? name : typeof id === 'string' ? id : `${item.file} #${item.at + 1}`;
}

// FormsTab is the draft as forms: lists of what there is, and one form for what is chosen.
export function FormsTab() {
  const t = useText();
  const address = useAddress();
  const language = useLanguage();
  const work = useDraft();
  const schema = useSchema();
  const checked = useChecked(work);
  const section = sections.includes(address.one('of') ?? '') ? address.one('of')! : 'flows';
  const root = schema.data ?? {};
  const writes = useMay()('put-draft-files');
  const titled = (s: string) => (s === 'settings' ? undefined : titleOf(schemaAt(root, [s]), language)) ?? t.sections[s] ?? s;
  if (address.one('new') === 'flow' && writes) return <NewFlow onDone={(name) => address.set({ new: null, of: 'flows', item: name })} />;
  return (
    <div className="stack">
      <div>
        <Segmented aria-label={t.list} value={section} onChange={(of) => address.set({ of, item: null, find: null })} options={sections.map((value) => ({ value, label: titled(value) }))} />
      </div>
      <p className="hint">{t.about[section]}</p>
      {section === 'settings' ? <Settings root={root} /> : <Section section={section} root={root} mistakes={checked.data?.wrong ?? []} />}
      <CheckLine checked={checked} onGo={(m) => address.set({ tab: 'files', file: m.file })} />
    </div>
  );
}

function Section({ section, root, mistakes }: { section: string; root: Schema; mistakes: Schemas['DraftMistake'][] }) {
  const t = useText();
  const address = useAddress();
  const work = useDraft();
  const items = useMemo(() => itemsOf(work.texts, section), [work.texts, section]);
  const find = address.one('find') ?? '';
  const chosen = items.find((i) => titleFor(i) === address.one('item')) ?? items[0];
  const fit = items.filter((i) => titleFor(i).toLowerCase().includes(find.toLowerCase()));
  return (
    <div className="forms">
      <div className="stack">
        <Form.Item label={t.find} htmlFor="find-item" layout="horizontal">
          <Input id="find-item" allowClear value={find} onChange={(e) => address.set({ find: e.target.value })} />
        </Form.Item>
        <nav className="items" aria-label={t.list}>
          {fit.length === 0 && <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t.none} />}
          {fit.map((i) => (
            <Button key={`${i.file} ${i.at}`} type="text" aria-current={i === chosen ? 'true' : undefined} onClick={() => address.set({ item: titleFor(i) })}>
              {titleFor(i)}
            </Button>
          ))}
        </nav>
        <Act call="put-draft-file" type={section === 'flows' ? 'primary' : 'default'} icon={<PlusOutlined />} onClick={() => (section === 'flows' ? address.set({ new: 'flow' }) : addOne(work, section, root, items, (item) => address.set({ item })))}>
          {section === 'flows' ? t.newFlow : t.add}
        </Act>
      </div>
      {chosen && <ItemForm key={`${chosen.file} ${chosen.at}`} section={section} item={chosen} root={root} mistakes={mistakes} />}
    </div>
  );
}

// addOne puts a new item where its kind is at home, under a name that is free.
function addOne(work: Work, section: string, root: Schema, items: Item[], onMade: (name: string) => void) {
  const home = [...work.texts.keys()].find((p) => /\.ya?ml$/.test(p) && documentOf(p, work.texts.get(p)!).has(section)) ?? `${section}.yaml`;
  const key = section === 'objects' || section === 'subjects' ? 'id' : 'name';
  const begun = beginningOf(root, schemaAt(root, [section, '[]'])) as Record<string, unknown>;
  const zone = itemsOf(work.texts, 'zones')[0]?.value.name;
  let name = key === 'id' ? `${typeof zone === 'string' ? zone : 'zone'}/new` : 'new';
  for (let n = 2; items.some((i) => titleFor(i) === name); n++) name = name.replace(/-?\d*$/, `-${n}`);
  work.put({ [home]: addItem(work.texts.get(home) ?? '', section, { [key]: name, ...withoutKey(begun, key) }) });
  onMade(name);
}

function withoutKey(of: Record<string, unknown>, key: string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(of ?? {}).filter(([k]) => k !== key));
}
