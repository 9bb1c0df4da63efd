// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { useQueryClient } from '@tanstack/react-query';
import { App } from 'antd';
import type { Schemas } from '../../api/client';
import { texts } from '../../language/texts';

const useText = texts(
  {
    done: 'The rule was changed.',
    proposed: 'A second person has to approve this',
    why: 'It makes a critical rule protect less. Until another system administrator approves it, the rule is as it was.',
    to: 'To the proposal',
  },
  {
    done: '规则已修改。',
    proposed: '须由第二人审批',
    why: '此修改会降低严重级别规则的保护。在另一位系统管理员批准之前，规则保持不变。',
    to: '查看提议',
  },
);

// useRuleAnswer tells what came of a change of a rule: it was done, or was proposed.
export function useRuleAnswer() {
  const t = useText();
  const queries = useQueryClient();
  const { message, notification } = App.useApp();
  return {
    say: (answer: Schemas['RuleOutBody'] | undefined) => {
      if (!answer?.proposal) {
        void message.success(t.done);
        return;
      }
      const key = answer.proposal.id;
      notification.info({
        key,
        title: t.proposed,
        description: t.why,
        duration: 0,
        // Notices are shown outside of the router, so that its links do not work there.
        actions: (
          <a href={`#/proposals/${key}`} onClick={() => notification.destroy(key)}>
            {t.to}
          </a>
        ),
      });
    },
    read: () => queries.invalidateQueries({ predicate: (q) => ['/api/rules', '/api/proposals'].some((p) => String(q.queryKey[1]).startsWith(p)) }),
  };
}
