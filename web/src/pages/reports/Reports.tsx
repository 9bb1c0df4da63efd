// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Alert, Button, type TableColumnsType, Tooltip } from 'antd';
import { useState } from 'react';
import { api, client, type Schemas } from '../../api/client';
import { Act } from '../../parts/Act';
import { Id } from '../../parts/Id';
import { List } from '../../parts/List';
import { Mark } from '../../parts/Mark';
import { Page } from '../../parts/Page';
import { stamp, Time } from '../../parts/Time';
import { usePages } from '../../parts/usePages';
import { useNames } from '../../shell/names';
import { MakeReport } from './MakeReport';
import './reports.css';
import { Schedules } from './Schedules';
import { Settings } from './Settings';
import { useText } from './text';

type Report = Schemas['Report'];

export default function Reports() {
  const t = useText();
  const names = useNames();
  const [making, setMaking] = useState(false);
  const settings = api.useQuery('get', '/api/report-settings', {});
  const zone = settings.data?.zone ?? 'UTC';
  const list = usePages('/api/reports', {}, async (after) => (await client.GET('/api/reports', { params: { query: { after } } })).data);
  const columns = useColumns(zone);
  const lacking = list.items[0]?.pdfLacks; // of the newest one
  const make = (
    <Act call="make-report" type="primary" onClick={() => setMaking(true)}>
      {t.make}
    </Act>
  );
  return (
    <Page title={names.pages.reports} lead={t.lead} actions={make}>
      <div className="stack">
        {lacking && <Alert type="warning" showIcon title={t.noPdf} description={t.noPdfWhy} />}
        <List<Report> {...list} pending={list.isPending} label={t.list} rowKey="id" columns={columns} empty={t.empty} />
      </div>
      <Schedules zone={zone} />
      {settings.data && <Settings now={settings.data} again={() => void settings.refetch()} />}
      <MakeReport open={making} zone={zone} onLeave={() => setMaking(false)} />
    </Page>
  );
}

function useColumns(zone: string): TableColumnsType<Report> {
  const t = useText();
  const period = (r: Report) => `${stamp(new Date(r.from), zone).slice(0, 16)} ${t.until} ${stamp(new Date(r.to), zone).slice(0, 16)}`;
  return [
    { title: `${t.period} (${zone})`, key: 'period', render: (_, r) => <Period of={r} period={period(r)} /> },
    { title: t.files, key: 'files', render: (_, r) => <Files of={r} period={period(r)} /> },
    {
      title: t.made,
      dataIndex: 'made',
      render: (at: string, r) => (
        <>
          <Time at={at} />
          <div>{r.schedule ? t.bySchedule : r.madeBy}</div>
        </>
      ),
    },
    { title: t.digests, key: 'digests', render: (_, r) => <Digests of={r} /> },
    { title: t.ends, dataIndex: 'ends', render: (at: string) => <Time at={at} /> },
  ];
}

// Period is what a report is of, and below it whose it is and in which language.
function Period({ of: r, period }: { of: Report; period: string }) {
  const t = useText();
  return (
    <>
      <span className="nowrap">{period}</span>
      <div className="report-beside">{[r.unit, t.languages[r.language] ?? r.language].filter(Boolean).join(' · ')}</div>
    </>
  );
}

function Files({ of: r, period }: { of: Report; period: string }) {
  const t = useText();
  const at = (form: string) => `/api/reports/${r.id}/${form}`;
  return (
    <span className="nowrap">
      <Button type="link" size="small" href={at('html')} target="_blank" rel="noopener" aria-label={t.htmlOf(period)}>
        {t.html}
      </Button>
      {r.pdf ? (
        <Button type="link" size="small" href={at('pdf')} download aria-label={t.pdfOf(period)}>
          {t.pdf}
        </Button>
      ) : (
        <Tooltip title={t.noPdfWhy}>
          <span>
            <Mark tone="warn">{t.noPdf}</Mark>
          </span>
        </Tooltip>
      )}
    </span>
  );
}

function Digests({ of: r }: { of: Report }) {
  return (
    <>
      <div className="nowrap">
        HTML <Id value={r.html} length={8} />
      </div>
      {r.pdf && (
        <div className="nowrap">
          PDF <Id value={r.pdf} length={8} />
        </div>
      )}
    </>
  );
}
