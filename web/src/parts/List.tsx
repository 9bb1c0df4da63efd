// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Button, Empty, Table, type TableProps } from 'antd';
import type { ReactNode } from 'react';
import { texts } from '../language/texts';
import { ProblemView } from './ProblemView';

const useText = texts({ more: 'Show more' }, { more: '显示更多' });

interface ListProps<T> extends Omit<TableProps<T>, 'dataSource' | 'pagination' | 'loading' | 'locale'> {
  items: T[] | undefined | null;
  pending: boolean;
  error?: unknown;
  again?: () => void;
  more?: (() => void) | undefined;
  label: string; // what the table is, for who does not see it
  empty: ReactNode; // teaches what would be here, and how it comes here
}

// List is a table of what the center lists: while it comes, when it fails, when there is
// nothing, and when there is more.
export function List<T extends object>({ items, pending, error, again, more, label, empty, ...table }: ListProps<T>) {
  const t = useText();
  if (error) return <ProblemView error={error} retry={again} />;
  return (
    <div role="region" aria-label={label}>
      <Table<T>
        size="small"
        {...table}
        dataSource={items ?? []}
        loading={pending}
        pagination={false}
        scroll={{ x: 'max-content', ...table.scroll }}
        locale={{ emptyText: pending ? ' ' : <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={empty} /> }}
      />
      {more && (
        <Button className="more" onClick={more}>
          {t.more}
        </Button>
      )}
    </div>
  );
}
