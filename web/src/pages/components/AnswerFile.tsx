// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { client } from '../../api/client';
import { Act } from '../../parts/Act';
import { useAct } from '../../parts/useAct';
import { save } from './download';
import { useText } from './text';

// AnswerFile gets the answer of an admitted component, to be carried to its host.
export function AnswerFile({ id }: { id: string }) {
  const t = useText();
  const [busy, act] = useAct();
  const get = () =>
    act(async () => {
      const { data, response } = await client.GET('/api/components/{id}/answer', { params: { path: { id } }, parseAs: 'blob' });
      save(data, response, `${id}.answer.dukou`);
    });
  return (
    <Act call="get-component-answer" loading={busy} title={t.answerHint} onClick={() => void get()}>
      {t.answer}
    </Act>
  );
}
