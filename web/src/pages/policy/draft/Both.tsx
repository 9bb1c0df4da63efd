// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { yaml } from '@codemirror/lang-yaml';
import { syntaxHighlighting } from '@codemirror/language';
import { MergeView } from '@codemirror/merge';
import { EditorState } from '@codemirror/state';
import { EditorView, lineNumbers } from '@codemirror/view';
import { classHighlighter } from '@lezer/highlight';
import { useEffect, useRef } from 'react';

interface BothProps {
  unchanged: string; // the words for lines that are folded, with $ for how many
  left: { label: string; text: string };
  right: { label: string; text: string };
}

const nonce = document.querySelector<HTMLMetaElement>('meta[name=csp-nonce]')?.content ?? '';

// Both shows two texts of one file side by side, with what is different marked.
export default function Both({ unchanged, left, right }: BothProps) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const side = (of: BothProps['left']) => ({
      doc: of.text,
      extensions: [
        EditorView.cspNonce.of(nonce),
        EditorState.phrases.of({ '$ unchanged lines': unchanged }),
        EditorState.readOnly.of(true),
        EditorView.contentAttributes.of({ 'aria-label': of.label, tabindex: '0' }),
        lineNumbers(),
        EditorView.lineWrapping,
        syntaxHighlighting(classHighlighter),
        yaml(),
      ],
    });
    const view = new MergeView({ a: side(left), b: side(right), parent: place.current!, collapseUnchanged: {} });
    return () => view.destroy();
  }, [unchanged, left, right]);
  return <div className="editor both" ref={place} />;
}
