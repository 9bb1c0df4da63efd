// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Document, isCollection, isMap, isScalar, isSeq, type Node, parseDocument, type YAMLMap, type YAMLSeq } from 'yaml';

// Edits of one item of a list in a file of policy. Only the lines of that item change, so
// that comments and order stay, and the difference shows nothing else.

export type Path = (string | number)[];
export type Texts = ReadonlyMap<string, string>;

// Item is one zone, object, subject, flow or case, and where it is.
export interface Item {
  file: string;
  at: number; // in its list of that file
  value: Record<string, unknown>;
}

const layout = { lineWidth: 0, flowCollectionPadding: false, indent: 2 } as const;

const parsed = new Map<string, { text: string; document: Document.Parsed }>();

// documentOf parses a file, once for each text of it. It must not be changed.
export function documentOf(path: string, text: string): Document.Parsed {
  const known = parsed.get(path);
  if (known?.text === text) return known.document;
  const document = parseDocument(text, { uniqueKeys: false });
  parsed.set(path, { text, document });
  return document;
}

const isYAML = (path: string) => /\.ya?ml$/.test(path);

// plainOf is what all files of YAML say, file by file; broken are those that cannot be read.
export function plainOf(texts: Texts): { files: { path: string; value: Record<string, unknown> }[]; broken: string[] } {
  const files: { path: string; value: Record<string, unknown> }[] = [];
  const broken: string[] = [];
  for (const [path, text] of texts) {
    if (!isYAML(path)) continue;
    const document = documentOf(path, text);
    if (document.errors.length > 0) broken.push(path);
    else if (isMap(document.contents)) files.push({ path, value: document.toJS() as Record<string, unknown> });
  }
  return { files, broken };
}

// itemsOf are all items of a list, which may be spread over files.
export function itemsOf(texts: Texts, section: string): Item[] {
  return plainOf(texts).files.flatMap(({ path, value }) => {
    const list = value[section];
    if (!Array.isArray(list)) return [];
    return list.flatMap((one: unknown, at) => (typeof one === 'object' && one !== null ? [{ file: path, at, value: one as Record<string, unknown> }] : []));
  });
}

// written is a value as one piece of text that may stand anywhere, also within brackets.
export function written(value: unknown): string {
  const document = new Document([value]);
  for (const one of (document.contents as unknown as YAMLSeq).items) inOneLine(one);
  (document.contents as unknown as YAMLSeq).flow = true;
  return document.toString({ ...layout, blockQuote: false, doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER }).trim().slice(1, -1).trim();
}

function inOneLine(node: unknown) {
  if (isScalar(node) && typeof node.value === 'string' && node.value.includes('\n')) node.type = 'QUOTE_DOUBLE';
  if (!isCollection(node)) return;
  node.flow = true;
  for (const one of node.items) inOneLine(isSeq(node) ? one : (one as { value: unknown }).value);
}

const longest = 90;

// compact writes what is short on one line, as the example's files do.
function compact(node: unknown) {
  if (!isCollection(node)) return;
  if (JSON.stringify(node.toJSON()).length <= longest && depth(node) <= 2) return inOneLine(node);
  for (const one of node.items) compact(isSeq(node) ? one : (one as { value: unknown }).value);
}

function depth(node: unknown): number {
  if (!isCollection(node)) return 0;
  return 1 + Math.max(0, ...node.items.map((one) => depth(isSeq(node) ? one : (one as { value: unknown }).value)));
}

function columnOf(text: string, offset: number): number {
  return offset - (text.lastIndexOf('\n', offset - 1) + 1);
}

// rendered is a node as lines whose further lines begin at a column.
function rendered(node: Node, column: number): string {
  const document = new Document();
  node.commentBefore = undefined; // it stands above, and stays there
  node.spaceBefore = false;
  document.contents = node as never;
  const lines = document.toString(layout).trimEnd().split('\n');
  return lines.map((line, i) => (i === 0 || line === '' ? line : ' '.repeat(column) + line)).join('\n');
}

function replaced(text: string, node: Node): string {
  const [from, to] = node.range!;
  const end = text[to - 1] === '\n' ? '\n' : '';
  return text.slice(0, from) + rendered(node, columnOf(text, from)) + end + text.slice(to);
}

// setIn changes one value of an item; undefined takes it away.
export function setIn(text: string, section: string, at: number, path: Path, value: unknown): string {
  const document = parseDocument(text, { uniqueKeys: false });
  const item = document.getIn([section, at], true) as Node;
  const whole = [section, at, ...path];
  const old: unknown = document.getIn(whole, true);
  if (isScalar(old) && old.range && typeof value !== 'object' && value !== undefined && old.type !== 'BLOCK_LITERAL' && old.type !== 'BLOCK_FOLDED') {
    return text.slice(0, old.range[0]) + written(value) + text.slice(old.range[1]);
  }
  if (value === undefined) document.deleteIn(whole);
  else {
    const node = document.createNode(value);
    compact(node);
    document.setIn(whole, node);
  }
  return replaced(text, item);
}

// addItem puts an item behind the others of its list. about becomes a comment above it.
export function addItem(text: string, section: string, value: unknown, about = ''): string {
  const document = parseDocument(text, { uniqueKeys: false });
  const list: unknown = document.get(section, true);
  const node = new Document(value).contents as unknown as YAMLMap;
  for (const pair of node.items) compact(pair.value);
  const before = text === '' || text.endsWith('\n') ? text : `${text}\n`;
  const above = (column: number) => about.split('\n').filter((l) => l !== '').map((l) => `${' '.repeat(column)}# ${l}\n`).join('');
  if (isSeq(list) && !list.flow && list.items.length > 0) {
    const last = list.items[list.items.length - 1] as Node;
    const dash = columnOf(text, last.range![0]) - 2;
    const cut = Math.min(last.range![1], before.length);
    const head = before.slice(0, cut).endsWith('\n') ? before.slice(0, cut) : `${before.slice(0, cut)}\n`;
    return `${head}${above(dash)}${' '.repeat(dash)}- ${rendered(node, dash + 2)}\n${before.slice(cut)}`;
  }
  if (list === undefined || list === null) return `${before}${section}:\n${above(2)}  - ${rendered(node, 4)}\n`;
  document.set(section, [...((document.toJS() as Record<string, unknown[]>)[section] ?? []), value]);
  return document.toString(layout);
}

// removeItem takes an item away, with the comment that stands right above it.
export function removeItem(text: string, section: string, at: number): string {
  const document = parseDocument(text, { uniqueKeys: false });
  const list = document.get(section, true) as YAMLSeq;
  if (list.flow || list.items.length === 1) {
    if (list.items.length === 1) document.delete(section);
    else list.items.splice(at, 1);
    const left = isMap(document.contents) && document.contents.items.length === 0;
    return left ? '' : document.toString(layout);
  }
  const item = list.items[at] as Node;
  let from = text.lastIndexOf('\n', item.range![0] - 1) + 1;
  for (;;) {
    const above = text.lastIndexOf('\n', from - 2) + 1;
    if (from === 0 || at === 0 || !/^\s*#/.test(text.slice(above, from))) break;
    from = above;
  }
  return text.slice(0, from) + text.slice(item.range![1]);
}
