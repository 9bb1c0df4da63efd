// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { DownloadOutlined } from '@ant-design/icons';
import { Panel } from '../../../parts/Panel';
import { useMay } from '../../../session/session';
import { useSay } from './text';
import { textOf } from './useSearch';

const forms = ['excel', 'csv', 'ndjson', 'ocsf', 'cef'];

// ExportMenu saves what a search chooses as a file. The links are the interface's own, so
// that a large file goes to the disk and not through the page.
export function ExportMenu({ query }: { query: object }) {
  const t = useSay();
  const may = useMay();
  if (!may('export-entries')) return null;
  const links = (
    <div className="views">
      <p>{t.exportHint}</p>
      <ul>
        {forms.map((form) => (
          <li key={form}>
            <a href={`/api/exports/entries?${textOf({ ...query, form })}`} download data-call="export-entries">
              {t.forms[form]}
            </a>
          </li>
        ))}
      </ul>
    </div>
  );
  return (
    <Panel label={t.export} icon={<DownloadOutlined />}>
      {() => links}
    </Panel>
  );
}
