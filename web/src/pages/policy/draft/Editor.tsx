// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { yaml } from '@codemirror/lang-yaml';
import { bracketMatching, foldGutter, foldKeymap, indentOnInput, indentUnit, syntaxHighlighting } from '@codemirror/language';
import { type Diagnostic, lintGutter, lintKeymap, setDiagnostics } from '@codemirror/lint';
import { highlightSelectionMatches, searchKeymap } from '@codemirror/search';
import { EditorState, type Extension } from '@codemirror/state';
import { drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers } from '@codemirror/view';
import { classHighlighter } from '@lezer/highlight';
import { useEffect, useRef } from 'react';
import type { Schemas } from '../../../api/client';
import { type Language, useLanguage } from '../../../language/texts';
import { cedar } from './cedar';
import { completions, type Knowing } from './complete';

interface EditorProps {
  path: string;
  text: string;
  label: string;
  readOnly: boolean;
  mistakes: Schemas['DraftMistake'][]; // of this file
  knowing: Knowing;
  phrases: Record<string, string>; // the editor's own words in the person's language
  goTo: { line: number; column: number; time: number } | null;
  onType: (text: string) => void;
}

const nonce = document.querySelector<HTMLMetaElement>('meta[name=csp-nonce]')?.content ?? '';

function languageOf(path: string): Extension {
  if (/\.ya?ml$/.test(path)) return yaml();
  return path.endsWith('.cedar') ? cedar : [];
}

// Editor is one file as text. Tab leaves it, so that the keyboard gets out; each file
// keeps its own history of undoing for as long as the page is open.
export default function Editor(props: EditorProps) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const states = useRef(new Map<string, EditorState>());
  const now = useRef(props);
  now.current = props;
  const { path, text, readOnly, phrases, label, mistakes, goTo } = props;
  const language = useLanguage();

  useEffect(() => {
    const kept = states.current;
    const known = kept.get(path);
    const state = known?.doc.toString() === now.current.text ? known : EditorState.create({ doc: now.current.text, extensions: extensionsOf(path, readOnly, phrases, label, now) });
    const v = new EditorView({ state, parent: place.current! });
    view.current = v;
    return () => {
      kept.set(path, v.state);
      v.destroy();
    };
  }, [path, readOnly, phrases, label]);

  useEffect(() => {
    const v = view.current;
    // What was changed elsewhere, as by a form or by undoing, is shown here too.
    if (v && v.state.doc.toString() !== text) v.dispatch({ changes: { from: 0, to: v.state.doc.length, insert: text } });
  }, [text, path]);

  useEffect(() => {
    const v = view.current;
    if (v) v.dispatch(setDiagnostics(v.state, mistakes.map((m) => diagnostic(v.state, m, language))));
  }, [mistakes, path, text, language]);

  useEffect(() => {
    const v = view.current;
    if (!v || !goTo) return;
    const line = v.state.doc.line(Math.min(Math.max(goTo.line, 1), v.state.doc.lines));
    v.dispatch({ selection: { anchor: Math.min(line.from + Math.max(goTo.column - 1, 0), line.to) }, scrollIntoView: true });
    v.focus();
  }, [goTo]);

  return <div className="editor" ref={place} />;
}

function extensionsOf(path: string, readOnly: boolean, phrases: Record<string, string>, label: string, now: { current: EditorProps }): Extension[] {
  return [
    EditorView.cspNonce.of(nonce),
    EditorState.phrases.of(phrases),
    EditorState.readOnly.of(readOnly),
    EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0', ...(readOnly ? { 'aria-readonly': 'true' } : {}) }),
    lineNumbers(),
    foldGutter(),
    lintGutter(),
    history(),
    drawSelection(),
    indentOnInput(),
    indentUnit.of('  '),
    bracketMatching(),
    closeBrackets(),
    highlightActiveLine(),
    highlightActiveLineGutter(),
    highlightSelectionMatches(),
    syntaxHighlighting(classHighlighter),
    languageOf(path),
    /\.ya?ml$/.test(path) ? autocompletion({ override: [completions(() => now.current.knowing)], icons: false }) : [],
    keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...foldKeymap, ...completionKeymap, ...lintKeymap]),
    EditorView.updateListener.of((u) => {
      if (u.docChanged && u.state.doc.toString() !== now.current.text) now.current.onType(u.state.doc.toString());
    }),
  ];
}

function diagnostic(state: EditorState, m: Schemas['DraftMistake'], language: Language): Diagnostic {
  const line = state.doc.line(Math.min(Math.max(m.line ?? 1, 1), state.doc.lines));
  const from = Math.min(line.from + Math.max((m.column ?? 1) - 1, 0), line.to);
  const word = /^[\w"'@./:*-]+/.exec(state.sliceDoc(from, line.to))?.[0].length ?? 0;
  return { from, to: Math.min(Math.max(from + word, from), line.to), severity: 'error', message: language === 'zh' ? m.chinese : m.text };
}
