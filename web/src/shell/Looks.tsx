// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { BulbOutlined, GlobalOutlined } from '@ant-design/icons';
import { Button, Dropdown } from 'antd';
import { type Language, texts } from '../language/texts';
import { type Shade, usePreferences } from '../session/preferences';

const useText = texts(
  { shade: 'Light or dark', light: 'Light', dark: 'Dark', system: 'As this computer', other: '中文' },
  { shade: '浅色或深色', light: '浅色', dark: '深色', system: '跟随系统', other: 'English' },
);

// ShadeChoice is the choice between light and dark, which this browser keeps.
export function ShadeChoice() {
  const t = useText();
  const { shade, set } = usePreferences();
  const items = (['light', 'dark', 'system'] as const).map((key) => ({ key, label: t[key] }));
  return (
    <Dropdown trigger={['click']} menu={{ items, selectedKeys: [shade], onClick: (e) => set({ shade: e.key as Shade }) }}>
      <Button type="text" aria-label={t.shade} icon={<BulbOutlined />} />
    </Dropdown>
  );
}

// LanguageSwitch goes over to the other language, and tells which it is then.
export function LanguageSwitch({ onChange }: { onChange?: (language: Language) => void }) {
  const t = useText();
  const { language, set } = usePreferences();
  const other = language === 'zh' ? 'en' : 'zh';
  const change = () => {
    set({ language: other });
    onChange?.(other);
  };
  return (
    <Button type="text" icon={<GlobalOutlined />} onClick={change} lang={other === 'zh' ? 'zh-CN' : 'en'}>
      {t.other}
    </Button>
  );
}
