// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { DatePicker, Form, Input, Segmented, Space, Typography } from 'antd';
import dayjs, { type Dayjs } from 'dayjs';
import { type ReactNode, useState } from 'react';
import { useNavigate } from 'react-router';
import { usePreferences } from '../../../session/preferences';
import { useMay } from '../../../session/session';
import { AddFilter } from './AddFilter';
import { Chips } from './Chips';
import type { Field } from './fields';
import { parcelIn } from './parcel';
import './search.css';
import { useSay } from './text';
import { atWall, offsetOf, wallOf } from './time';
import type { Search } from './useSearch';

// SearchBar is how a search is put together: time, text, filters, and what is set.
export function SearchBar({ search, allowed, children }: { search: Search; allowed: readonly Field[]; children?: ReactNode }) {
  const t = useSay();
  const [own, setOwn] = useState(false);
  const shown = own || search.range === 'own' ? 'own' : search.range;
  const options = ['15m', '1h', 'today', 'yesterday', '7d', 'own'].map((value) => ({ value, label: t.ranges[value] }));
  const choose = (value: string) => {
    setOwn(value === 'own');
    if (value !== 'own') search.within(value);
  };
  return (
    <div className="search" role="search">
      <Space wrap size={8}>
        <Segmented aria-label={t.range} options={options} value={shown} onChange={choose} />
        <TextBox search={search} />
        <AddFilter search={search} allowed={allowed} />
        {children}
      </Space>
      {shown === 'own' && <OwnRange search={search} />}
      <Chips search={search} />
    </div>
  );
}

function TextBox({ search }: { search: Search }) {
  const t = useSay();
  const go = useNavigate();
  const may = useMay();
  const [short, setShort] = useState(false);
  const text = search.query.text ?? '';
  const label = may('show-crossing') ? t.search : t.text;
  const find = (typed: string) => {
    const parcel = may('show-crossing') ? parcelIn(typed) : null;
    setShort(parcel === null && new Blob([typed.trim()]).size === 1);
    if (parcel !== null) void go(`/crossings/${parcel}`);
    else if (new Blob([typed.trim()]).size !== 1) search.text(typed.trim());
  };
  return (
    <span>
      <Input.Search
        key={text}
        className="search-text"
        defaultValue={text}
        aria-label={label}
        placeholder={label}
        title={t.searchHint}
        maxLength={128}
        allowClear
        status={short ? 'error' : ''}
        onSearch={find}
      />
      {short && (
        <Typography.Text type="danger" role="alert">
          {t.tooShort}
        </Typography.Text>
      )}
    </span>
  );
}

// OwnRange takes times as the clocks of the person's zone show them, and says which zone.
function OwnRange({ search }: { search: Search }) {
  const t = useSay();
  const { zone } = usePreferences();
  const shown = (text: string | undefined) => (text ? dayjs(wallOf(new Date(text), zone)) : null);
  const moment = (wall: Dayjs | null) => (wall ? atWall(wall.format('YYYY-MM-DD HH:mm:ss'), zone).toISOString() : undefined);
  const { from, to } = search.query;
  const offset = offsetOf(from ? new Date(from) : new Date(), zone);
  return (
    <Form.Item label={t.ownRange} htmlFor="own-range" className="search-own" extra={t.zone(zone, offset)}>
      <DatePicker.RangePicker
        id={{ start: 'own-range', end: 'own-range-end' }}
        showTime
        allowEmpty={[false, true]}
        placeholder={[t.from, t.to]}
        value={[shown(from), shown(to)]}
        onChange={(walls) => search.between(moment(walls?.[0] ?? null), moment(walls?.[1] ?? null))}
      />
    </Form.Item>
  );
}
