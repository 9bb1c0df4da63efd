// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { ArrowLeftOutlined } from '@ant-design/icons';
import { AutoComplete, Button, Card, Form, Select, Tag, theme } from 'antd';
import { api, type Schemas } from '../../api/client';
import { Page } from '../../parts/Page';
import { ProblemView } from '../../parts/ProblemView';
import { useAddress } from '../../parts/useAddress';
import { useNames } from '../../shell/names';
import { Answer } from './Answer';
import { groupsOf } from './groups';
import { Section } from '../../parts/Section';
import './evidence.css';
import { useText } from './text';

type Question = Schemas['EvidenceQuestion'];

// Questions are asked by their names; which one is in the page's address. None is asked by
// itself, since each is recorded.
export default function Questions() {
  const t = useText();
  const names = useNames();
  const address = useAddress();
  const questions = api.useQuery('get', '/api/questions', {}, { staleTime: Infinity, meta: { still: true } });
  const items = questions.data?.items ?? [];
  const asked = items.find((q) => q.name === address.one('ask'));
  const choose = (name: string | null) => address.set({ ask: name, of: null });
  return (
    <Page title={names.pages.questions} lead={t.questionsLead}>
      {questions.error && <ProblemView error={questions.error} retry={() => void questions.refetch()} />}
      {!asked && <Choice items={items} choose={choose} />}
      {asked && <Others items={items} asked={asked.name} choose={choose} />}
      {asked && <Asked key={asked.name} question={asked} of={address.one('of')} ask={(of) => address.set({ of })} />}
    </Page>
  );
}

// Choice shows what each question answers.
function Choice({ items, choose }: { items: Question[]; choose: (name: string) => void }) {
  const t = useText();
  return (
    <>
      {groupsOf(items).map(({ group, items: some }) => (
        <Section key={group} title={t.groups[group] ?? group}>
          <ul className="question-cards">
            {some.map((q) => (
              <QuestionCard key={q.name} q={q} choose={() => choose(q.name)} />
            ))}
          </ul>
        </Section>
      ))}
    </>
  );
}

function QuestionCard({ q, choose }: { q: Question; choose: () => void }) {
  const t = useText();
  const { token } = theme.useToken();
  return (
    <li className="question-card" style={{ border: `1px solid ${token.colorBorder}`, background: token.colorBgContainer }}>
      <button type="button" className="question-title" style={{ color: token.colorLink }} onClick={choose}>
        {t.titles[q.name] ?? q.title}
      </button>
      <p>{t.answers[q.name]}</p>
      {q.of && <Tag variant="outlined">{t.wanted[q.of] ?? q.of}</Tag>}
    </li>
  );
}

// Others leads to the other questions.
function Others({ items, asked, choose }: { items: Question[]; asked: string; choose: (name: string | null) => void }) {
  const t = useText();
  const options = groupsOf(items).map(({ group, items: some }) => ({
    label: t.groups[group] ?? group,
    options: some.map((q) => ({ value: q.name, label: t.titles[q.name] ?? q.title })),
  }));
  return (
    <div className="filters">
      <Button icon={<ArrowLeftOutlined />} onClick={() => choose(null)}>
        {t.allQuestions}
      </Button>
      <Select aria-label={t.question} className="question-choice" value={asked} options={options} onChange={choose} listHeight={400} />
    </div>
  );
}

function Asked({ question, of, ask }: { question: Question; of: string | undefined; ask: (of: string) => void }) {
  const t = useText();
  const wants = question.of ?? '';
  return (
    <Card size="small" title={<h2 className="answer-title">{t.titles[question.name] ?? question.title}</h2>}>
      <p className="answers">{t.answers[question.name]}</p>
      {wants !== '' && (
        <Form<{ of: string }> name="ask" layout="inline" initialValues={{ of }} onFinish={(f) => ask(f.of.trim())}>
          <Form.Item name="of" label={t.of[wants] ?? wants} rules={[{ required: true, whitespace: true, message: t.wants }]}>
            <Wanted of={wants} />
          </Form.Item>
          <Button type="primary" htmlType="submit">
            {t.ask}
          </Button>
        </Form>
      )}
      {(wants === '' || of) && <Answer name={question.name} {...(of ? { of } : {})} />}
      <p className="by-command">
        <code>{`dukou audit ask ${question.name}${wants ? ` --of ${of ?? wants.toUpperCase()}` : ''}`}</code>
      </p>
    </Card>
  );
}

// Wanted takes what a question is asked of; of flows and subjects it offers those of the
// last day, the most frequent first. Form.Item gives the rest.
function Wanted({ of, ...input }: { of: string; id?: string; value?: string; onChange?: (value: string) => void }) {
  const by = of === 'flow' || of === 'subject' ? of : undefined;
  const counts = api.useQuery('get', '/api/evidence/counts', { params: { query: { last: '24h', by } } }, { enabled: by !== undefined, meta: { still: true } });
  const options = (counts.data?.counts ?? []).flatMap(({ value }) => (value && value !== '…others' ? [{ value }] : []));
  return <AutoComplete {...input} className="question-of" maxLength={256} options={options} showSearch={{ filterOption: (typed, o) => String(o?.value).includes(typed) }} autoFocus />;
}
