// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { CopyOutlined } from '@ant-design/icons';
import { App } from 'antd';
import { Link } from 'react-router';
import { useMay } from '../../../session/session';
import { useSay } from './text';

const length = 8;

// ParcelId is Id in a row of a long list: it looks the same, and is
// drawn without what measures each of them.
export function ParcelId({ id }: { id: string }) {
  const t = useSay();
  const may = useMay();
  const { message } = App.useApp();
  const copy = () => void navigator.clipboard?.writeText(id).then(() => message.success(t.copied));
  const shown = `${id.slice(0, length)}…`;
  return (
    <span className="mono nowrap" title={id}>
      {may('show-crossing') ? <Link to={`/crossings/${id}`}>{shown}</Link> : shown}
      <button type="button" className="copy" aria-label={t.copyOf(id.slice(0, length))} onClick={copy}>
        <CopyOutlined />
      </button>
    </span>
  );
}
