// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Alert, Collapse, Skeleton } from 'antd';
import { useMemo } from 'react';
import { api } from '../../api/client';
import { Page } from '../../parts/Page';
import { useMay } from '../../session/session';
import { useNames } from '../../shell/names';
import { Section } from '../../parts/Section';
import { fieldsOfParcels } from '../evidence/search/fields';
import { SearchBar } from '../evidence/search/SearchBar';
import { useSearch } from '../evidence/search/useSearch';
import { ValueMenus } from '../evidence/search/ValueMenu';
import { Views } from '../evidence/search/Views';
import { Passages } from './Crossings';
import { Held } from './Held';
import type { Passage } from './State';
import '../evidence/evidence.css';
import { useText } from './text';

// A flow that is in force no more has no protocol here: better one too many than a file
// that is not seen. What has no flow at all was refused before it was anything.
const isFile = (p: Passage) => p.flow !== undefined && p.protocol !== 'http';

// useFileFlows are the flows of files that are in force; null while they are not known yet,
// undefined when there are none to ask for.
function useFileFlows(): string[] | undefined | null {
  const overview = api.useQuery('get', '/api/overview', {}, { meta: { still: true } });
  const names = (overview.data?.flows ?? []).filter((f) => f.protocol === 'file').map((f) => f.name);
  const text = names.slice(0, 50).join('\n');
  return useMemo(() => (overview.isPending ? null : text === '' ? undefined : text.split('\n')), [overview.isPending, text]);
}

// Quarantine lists the files that lie at the fronts, and those that were refused before.
export default function Quarantine() {
  const t = useText();
  const names = useNames();
  const may = useMay();
  return (
    <Page title={names.pages.quarantine} lead={t.quarantineLead}>
      <Held />
      {may('list-crossings') ? (
        <Section title={t.refusedPast} lead={t.refusedLead}>
          <Refused />
        </Section>
      ) : (
        <Section title={t.refusedPast}>
          <Alert type="info" showIcon title={t.quarantineSystem} />
        </Section>
      )}
      <Collapse size="small" className="more-about" items={[{ key: 'how', label: t.quarantineHow, children: t.quarantineSteps }]} />
    </Page>
  );
}

function Refused() {
  const t = useText();
  const search = useSearch(fieldsOfParcels, '7d');
  const files = useFileFlows();
  const query = useMemo(() => ({ ...(files ? { flow: files } : {}), ...search.query, verdict: ['refuse'], state: ['refused' as const] }), [search.query, files]);
  if (files === null) return <Skeleton active />;
  return (
    <>
      <SearchBar search={search} allowed={fieldsOfParcels}>
        <Views search={search} />
      </SearchBar>
      <ValueMenus search={search}>
        <Passages query={query} label={t.refusedPast} empty={t.quarantineEmpty} show={isFile} />
      </ValueMenus>
    </>
  );
}
