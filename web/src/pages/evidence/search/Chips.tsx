// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Button, Tag, Tooltip } from 'antd';
import type { ReactNode } from 'react';
import { useSay, useWords, wordOf } from './text';
import type { Search, Term } from './useSearch';

// Chips are the filters that are set, each to be taken away.
export function Chips({ search, more }: { search: Search; more?: ReactNode }) {
  const t = useSay();
  if (search.terms.length === 0 && !more) return null;
  return (
    <div className="chips" role="group" aria-label={t.filters}>
      {search.terms.map((term) => (
        <Chip key={`${term.not}${term.field}=${term.value}`} term={term} remove={() => search.remove(term)} />
      ))}
      {more}
      {search.terms.length > 1 && (
        <Button size="small" type="link" onClick={search.clear}>
          {t.clear}
        </Button>
      )}
    </div>
  );
}

function Chip({ term, remove }: { term: Term; remove: () => void }) {
  const t = useSay();
  const words = useWords();
  const field = words.fields[term.field] ?? (term.field === 'text' ? t.text : t.parcel);
  const value = wordOf(words, term.field, term.value) || '—';
  const said = `${field}: ${value}`;
  return (
    <Tooltip title={value === term.value ? undefined : term.value}>
      <Tag
        className="chip"
        variant="outlined"
        color={term.not ? 'error' : 'processing'}
        closable
        closeIcon={<span role="img" aria-label={t.remove(term.not ? `${t.not} ${said}` : said)}>×</span>}
        onClose={(e) => (e.preventDefault(), remove())}
      >
        {term.not && <strong>{t.not} </strong>}
        {field}: <span className="wrap-anywhere">{value}</span>
      </Tag>
    </Tooltip>
  );
}
