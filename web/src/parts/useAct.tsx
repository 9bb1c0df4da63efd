// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { App } from 'antd';
import { useCallback, useState } from 'react';
import { texts } from '../language/texts';
import { ProblemView } from './ProblemView';

const useText = texts({ failed: 'It was not done' }, { failed: '操作没有完成' });

// useAct runs what a button does: busy while it runs, a word when it is done, and the
// problem when it fails. It gives true when it was done.
export function useAct(): [boolean, (what: () => Promise<unknown>, said?: string) => Promise<boolean>] {
  const t = useText();
  const { message, modal } = App.useApp();
  const [busy, setBusy] = useState(false);
  const run = useCallback(
    async (what: () => Promise<unknown>, said?: string) => {
      setBusy(true);
      try {
        await what();
        if (said !== undefined) void message.success(said);
        return true;
      } catch (e) {
        modal.error({ icon: null, width: 520, title: t.failed, content: <ProblemView error={e} /> });
        return false;
      } finally {
        setBusy(false);
      }
    },
    [message, modal, t],
  );
  return [busy, run];
}
