// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { App, Dropdown, type MenuProps } from 'antd';
import { createContext, type ReactNode, useContext, useMemo, useState } from 'react';
import './search.css';
import { useSay, useWords, wordOf } from './text';
import type { Search } from './useSearch';

interface Opened {
  field: string;
  value: string;
  button: HTMLElement;
  at: { left: number; top: number }; // kept: rows may change below an open menu, and take the button away
}

const Menu = createContext<((opened: Opened) => void) | null>(null);

// ValueMenus gives its children one menu for all values: a menu for each would be heavy in
// a long list.
export function ValueMenus({ search, children }: { search: Search; children: ReactNode }) {
  const t = useSay();
  const { message } = App.useApp();
  const [opened, setOpened] = useState<Opened | null>(null);
  const close = () => {
    opened?.button.setAttribute('aria-expanded', 'false');
    const button = opened?.button;
    setTimeout(() => button?.focus()); // not before the key that chose has been heard: it would press the button again
    setOpened(null);
  };
  const act: MenuProps['onClick'] = ({ key }) => {
    if (opened === null) return;
    if (key === 'only') search.only(opened.field, opened.value);
    if (key === 'not') search.add(opened.field, [opened.value], true);
    if (key === 'copy') void navigator.clipboard?.writeText(opened.value).then(() => message.success(t.copied));
    close();
  };
  const items = [{ key: 'only', label: t.only }, { key: 'not', label: t.never }, { type: 'divider' as const }, { key: 'copy', label: t.copy }];
  const open = useMemo(
    () => (o: Opened) => {
      o.button.setAttribute('aria-expanded', 'true'); // by which a list knows that its rows must stay
      setOpened(o);
    },
    [],
  );
  return (
    <Menu.Provider value={open}>
      {children}
      {opened && (
        <Dropdown open autoFocus trigger={['click']} menu={{ items, onClick: act }} onOpenChange={(o) => !o && close()}>
          <span className="menu-anchor" style={opened.at} />
        </Dropdown>
      )}
    </Menu.Provider>
  );
}

function openedBy(button: HTMLElement): Pick<Opened, 'button' | 'at'> {
  const { left, bottom } = button.getBoundingClientRect();
  return { button, at: { left, top: bottom } };
}

// Value is a value of a field in a list; its button opens the menu, where there is one.
export function Value({ field, value, hint, children }: { field: string; value: string | undefined; hint?: string; children?: ReactNode }) {
  const t = useSay();
  const words = useWords();
  const open = useContext(Menu);
  if (!value) return null;
  const word = wordOf(words, field, value);
  if (open === null) return <span title={hint ?? value}>{children ?? word}</span>;
  return (
    <button
      type="button"
      className="value"
      title={hint ?? value}
      aria-haspopup="menu"
      aria-expanded={false}
      aria-label={t.menuOf(words.fields[field] ?? field, word)}
      onClick={(e) => open({ field, value, ...openedBy(e.currentTarget) })}
    >
      {children ?? word}
    </button>
  );
}
