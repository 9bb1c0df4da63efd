// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import type { Path } from './edit';

// Where is a place in a text of YAML that is being typed, and so need not be whole.
export interface Where {
  path: Path; // of the record whose key, or of the value, that is typed; '[]' for an item
  typing: 'key' | 'value' | 'either'; // either: the first word of an item
  from: number; // where the typed word begins
  present: string[]; // keys that the record has already
  beside: Record<string, string>; // single values of the record, where they stand on their own lines
}

interface Mark {
  column: number;
  key?: string; // undefined for a dash
  open: boolean; // nothing stands behind the key
}

// marksOf are the dashes and the key at the beginning of a line.
function marksOf(line: string): Mark[] {
  const marks: Mark[] = [];
  let at = line.length - line.trimStart().length;
  while (/^-(\s|$)/.test(line.slice(at))) {
    marks.push({ column: at, open: true });
    at += 1;
    at += line.slice(at).length - line.slice(at).trimStart().length;
  }
  const key = /^("[^"]*"|'[^']*'|[^\s#&*!|>%@`"'[\]{},:][^#:]*?)\s*:(\s+|$)/.exec(line.slice(at));
  if (key) marks.push({ column: at, key: key[1]!.replace(/^["']|["']$/g, ''), open: /^\s*(#.*)?$/.test(line.slice(at + key[0].length)) });
  return marks;
}

const idle = (line: string) => /^\s*(#.*)?$/.test(line);

// whereIs finds the place of an offset.
export function whereIs(text: string, offset: number): Where {
  const begin = text.lastIndexOf('\n', offset - 1) + 1;
  const before = text.slice(begin, offset);
  const above = text.slice(0, begin).split('\n').slice(0, -1);
  const below = text.slice(offset).split('\n').slice(1);
  const marks = marksOf(before);
  const dashes = marks.filter((m) => m.key === undefined);
  const key = marks.find((m) => m.key !== undefined);
  const rest = before.slice(dashes.length > 0 ? dashes[dashes.length - 1]!.column + 1 : 0);
  const column = key?.column ?? before.length - rest.trimStart().length;
  const path = parents(above, column, dashes);
  if (key?.key !== undefined) return inLine([...path, key.key], before.slice(before.indexOf(':', key.column) + 1), offset);
  const word = rest.trimStart();
  if (/^[[{"']/.test(word)) return inLine(path, word, offset);
  const fresh = dashes.length > 0;
  const around = { ...(fresh ? {} : siblings(above, column)), ...siblings([...below].reverse(), column, true) };
  return { path, typing: fresh ? 'either' : 'key', from: offset - word.length, present: Object.keys(around), beside: around };
}

// parents is the way from the top of the file to a column, by indentation.
function parents(above: string[], column: number, dashes: Mark[]): Path {
  const way: Path = [];
  let at = column;
  let dashed = false;
  const take = (marks: Mark[]) => {
    for (const m of [...marks].reverse()) {
      if (m.key === undefined ? m.column < at : m.open && (m.column < at || (dashed && m.column === at))) {
        way.unshift(m.key ?? '[]');
        at = m.column;
        dashed = m.key === undefined;
      }
    }
  };
  take(dashes);
  for (const line of [...above].reverse()) {
    if (idle(line) || (at === 0 && !dashed)) continue;
    const marks = marksOf(line);
    if (marks.length > 0 && marks[0]!.column <= at) take(marks);
  }
  return way;
}

// siblings are the keys at a column in the lines nearest last, up to where their record
// ends, with their values where these are single.
function siblings(lines: string[], column: number, down = false): Record<string, string> {
  const found: Record<string, string> = {};
  for (const line of [...lines].reverse()) {
    if (idle(line)) continue;
    const ends = line.length - line.trimStart().length < column;
    if (down && ends) break;
    const marks = marksOf(line);
    const key = marks[marks.length - 1];
    if (key?.key !== undefined && key.column === column) {
      found[key.key] = /:\s+([\w./-]+)\s*(#.*)?$/.exec(line.slice(column))?.[1] ?? '';
    }
    // A dash before the key begins the record: above it is another one.
    if (ends) break;
  }
  return found;
}

// inLine goes on within brackets on one line.
function inLine(start: Path, text: string, offset: number): Where {
  const frames: { path: Path; map: boolean; keys: string[] }[] = [];
  let path = start;
  let token = '';
  let from = offset - text.length;
  let valued = true;
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    const top = frames[frames.length - 1];
    if (c === '{' || c === '[') {
      frames.push({ path, map: c === '{', keys: [] });
      path = c === '[' ? [...path, '[]'] : path;
      valued = c === '[';
    } else if (c === '}' || c === ']') {
      path = frames.pop()?.path ?? start;
      valued = true;
    } else if (c === ',' && top) {
      path = top.map ? top.path : [...top.path, '[]'];
      valued = !top.map;
    } else if (c === ':' && top?.map && !valued) {
      top.keys.push(token.trim());
      path = [...top.path, token.trim()];
      valued = true;
    } else {
      if (token === '' && c === ' ') continue;
      if (token === '') from = offset - text.length + i;
      token += c;
      continue;
    }
    token = '';
    from = offset - text.length + i + 1;
  }
  if (token === '') from = offset;
  const top = frames[frames.length - 1];
  return { path, typing: valued ? 'value' : 'key', from, present: top?.map ? top.keys : [], beside: {} };
}
