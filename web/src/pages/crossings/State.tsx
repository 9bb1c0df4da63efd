// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import type { Schemas } from '../../api/client';
import { Mark, type Tone } from '../../parts/Mark';
import { useWords } from '../evidence/search/text';
import { useLanguage } from '../../language/texts';
import { useText } from './text';

export type Passage = Schemas['EvidencePassage'];
export type State = Passage['state'];

export const states: State[] = ['answered', 'delivered', 'released', 'passed', 'refused', 'answer-refused', 'interrupted', 'unknown'];

const tones: Record<State, Tone> = {
  answered: 'good',
  delivered: 'good',
  released: 'good',
  passed: 'busy',
  refused: 'bad',
  'answer-refused': 'bad',
  interrupted: 'warn',
  unknown: 'quiet',
};

// StateMark is how far a parcel came, in a word.
export function StateMark({ state }: { state: State }) {
  const words = useWords();
  return <Mark tone={tones[state]}>{words.state[state] ?? state}</Mark>;
}

// useSentence gives the sentence for a state: the center's own in its language, and as
// careful a one in others.
export function useSentence(): (of: { state: State; sentence: string }) => string {
  const t = useText();
  const language = useLanguage();
  return ({ state, sentence }) => (language === 'en' ? sentence : (t.sentences[state] ?? sentence));
}
