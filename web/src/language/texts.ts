// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { createContext, useContext } from 'react';

export type Language = 'en' | 'zh';

// A catalogue is a tree of sentences; one with blanks is a function.
type Sentence = string | ((...blanks: never[]) => string);
export interface Catalogue {
  [name: string]: Sentence | Catalogue;
}

// Same has the names and blanks of T, with sentences of another language.
type Same<T> = {
  [K in keyof T]: T[K] extends string ? string : T[K] extends (...a: infer A) => string ? (...a: A) => string : Same<T[K]>;
};

const Spoken = createContext<Language>('zh');
export const SpokenProvider = Spoken.Provider;

// useLanguage is the language that the person reads.
export function useLanguage(): Language {
  return useContext(Spoken);
}

// texts makes a hook that gives a page's sentences. The compiler refuses a catalogue that
// lacks a sentence in either language.
export function texts<T extends Catalogue>(en: T, zh: Same<T>): () => T {
  return () => (useLanguage() === 'zh' ? (zh as unknown as T) : en);
}

// localeOf is the language as Intl and the browser name it.
export function localeOf(language: Language): string {
  return language === 'zh' ? 'zh-CN' : 'en-GB';
}
