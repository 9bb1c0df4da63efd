// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { AutoComplete, Button, Select } from 'antd';
import { useEffect, useState } from 'react';
import { texts } from '../../language/texts';
import { useAddress } from '../../parts/useAddress';
import { useKnown } from './known';
import { useLevels } from './Level';
import { useRules } from './ruleText';

const useText = texts(
  { level: 'Level', above: (level: string) => `${level} and above`, rule: 'Rule', component: 'Component', flow: 'Flow', clear: 'Without filters' },
  { level: '级别', above: (level) => `${level}及以上`, rule: '规则', component: '部件', flow: '数据流', clear: '清除筛选' },
);

// AlertFilters narrow the list by what the address keeps.
export function AlertFilters() {
  const t = useText();
  const address = useAddress();
  const levels = useLevels();
  const rules = useRules();
  const known = useKnown();
  const any = ['level', 'rule', 'component', 'flow'].some((name) => address.one(name));
  return (
    <>
      <Select
        aria-label={t.level}
        placeholder={t.level}
        allowClear
        className="alert-filter"
        value={address.one('level')}
        onChange={(v: string | undefined) => address.set({ level: v })}
        options={[3, 2].map((n) => ({ value: String(n), label: n === 3 ? levels[3] : t.above(levels[n] ?? '') }))}
      />
      <Select
        aria-label={t.rule}
        placeholder={t.rule}
        allowClear
        showSearch={{ optionFilterProp: 'label' }}
        className="alert-filter-wide"
        value={address.one('rule')}
        onChange={(v: string | undefined) => address.set({ rule: v })}
        options={rules.ids.map((id) => ({ value: id, label: rules.name(id), title: id }))}
      />
      <Named label={t.component} name="component" options={known.components} />
      <Named label={t.flow} name="flow" options={known.flows} />
      {any && (
        <Button type="link" onClick={() => address.set({ level: null, rule: null, component: null, flow: null })}>
          {t.clear}
        </Button>
      )}
    </>
  );
}

// Named narrows to one name, which is taken when it is chosen or the field is left.
function Named({ label, name, options }: { label: string; name: string; options: string[] }) {
  const address = useAddress();
  const now = address.one(name) ?? '';
  const [typed, type] = useState(now);
  useEffect(() => type(now), [now]);
  const take = (v: string) => {
    if (v.trim() !== now) address.set({ [name]: v.trim() });
  };
  return (
    <AutoComplete
      aria-label={label}
      placeholder={label}
      allowClear
      className="alert-filter"
      value={typed}
      showSearch={{ filterOption: (said, option) => String(option?.value).includes(said) }}
      options={options.map((value) => ({ value }))}
      onChange={(v: string | undefined) => (type(v ?? ''), !v && take(''))}
      onSelect={(v) => take(String(v ?? ''))}
      onBlur={() => take(typed)}
      onKeyDown={(e) => e.key === 'Enter' && take(typed)}
    />
  );
}
