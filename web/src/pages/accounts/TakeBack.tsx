// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { App } from 'antd';
import type { Call } from '../../api/calls';
import { Act } from '../../parts/Act';
import { useAct } from '../../parts/useAct';
import { useText } from './text';

interface TakeBackProps {
  call: Call;
  title: string;
  lead: string;
  word: string; // what the buttons say
  said: string; // when it is done
  make: () => Promise<unknown>;
}

// TakeBack takes one of a person's own keys out of use, after a question.
export function TakeBack({ call, title, lead, word, said, make }: TakeBackProps) {
  const t = useText();
  const { modal } = App.useApp();
  const [busy, act] = useAct();
  const ask = () =>
    void modal.confirm({ title, content: lead, okText: word, okButtonProps: { danger: true }, cancelText: t.cancel, onOk: () => void act(make, said) });
  return (
    <Act call={call} size="small" danger loading={busy} onClick={ask}>
      {word}
    </Act>
  );
}
