// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Link } from 'react-router';
import type { Schemas } from '../../api/client';
import { useMay } from '../../session/session';
import './components.css';
import { type Lack, lackOf } from './lacks';
import { useText } from './text';

// Lacks is what is to be done about a component, each with where it is done.
export function Lacks({ of: c, none, whole = false }: { of: Schemas['InventoryComponent']; none: string; whole?: boolean }) {
  const t = useText();
  const may = useMay();
  const list = (c.lacks ?? []).map((l) => lackOf(l, t.lacks));
  if (list.length === 0) return <span>{none}</span>;
  const word = (l: Lack) => {
    if (l.act === 'admit') return may('admit-component') ? t.lackActs.admit : undefined;
    return l.act && (may('accept-configuration') ? t.lackActs[l.act] : t.lackActs.configuration);
  };
  const placeOf = (l: Lack) => (l.act === 'admit' ? `/components?admit=${l.request}` : `/components/${c.id}?tab=configuration`);
  return (
    <ul className="lacks">
      {list.map((l, i) => (
        <li key={i}>
          <span title={l.hint}>{l.text}</span>
          {whole && l.hint && <div className="beside">{l.hint}</div>}
          {word(l) && (
            <>
              {' '}
              <Link to={placeOf(l)}>{word(l)}</Link>
            </>
          )}
        </li>
      ))}
    </ul>
  );
}
