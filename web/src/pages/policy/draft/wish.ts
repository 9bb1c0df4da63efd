// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { addItem, documentOf, type Texts, written } from './edit';

// A flow as a person wishes for it in the form, and the files that it becomes. What is
// here are beginnings and layout; whether it may be is what the center's check says.

export interface Level {
  confidentiality: number;
  categories: string[];
}

// FieldWish is one thing that a question or an answer may hold.
export interface FieldWish {
  name: string;
  type: 'string' | 'integer' | 'boolean' | 'decimal';
  values: string; // the only ones that pass, with commas between; "" for any
  max: number | null; // characters of a text, or the greatest integer
}

export interface RouteWish {
  method: string;
  path: string;
  query: FieldWish[];
  body: FieldWish[];
  status: number;
  answer: FieldWish[];
}

export interface Wish {
  name: string;
  about: string;
  from: string;
  to: string;
  protocol: 'http' | 'file';
  entryFront: string;
  listener: string;
  exitFront: string;
  target: string;
  object: string; // id of one that is there; "" for a new one
  newObject: { name: string; integrity: number } & Level;
  action: string;
  purpose: string;
  class: Level;
  answer: Level;
  raise: number | null; // integrity that checks of the form lift it to
  accept: string;
  issuer: string;
  who: string; // a subject or, with "group:" before it, a group
  newSubject: { name: string; group: string; digest: string } & Level; // with who "new"
  routes: RouteWish[];
  files: { maxSize: string; extensions: string[]; ready: string; receipts: boolean };
  limits: { rate: string; timeout: string; request: string; answer: string };
  cedar: string | null; // the rule as the person has changed it
}

// Zone is what is needed of one to begin with.
export interface Zone {
  name: string;
  inner: boolean;
  integrity: number;
  confidentiality: number;
}

// parametersOf are the names in braces of a path.
export function parametersOf(path: string): string[] {
  return [...path.matchAll(/\{([a-z][a-z0-9_-]*)\}/g)].map((m) => m[1]!);
}

export const newObjectID = (w: Wish) => `${w.to}/${w.newObject.name || w.name}`;
export const aliasOf = (w: Wish) => `${w.from}/${w.newObject.name || w.name}`;
export const newSubjectID = (w: Wish) => `${w.from}/${w.newSubject.name || w.name}`;

const group = (w: Wish) => w.newSubject.group || w.newSubject.name || w.name;

// cedarOf is the rule that permits the flow, if the person has not written another one.
export function cedarOf(w: Wish): string {
  const id = JSON.stringify;
  let principal = '';
  if (w.who === 'new') principal = `principal in Group::${id(group(w))}`;
  else if (w.who.startsWith('group:')) principal = `principal in Group::${id(w.who.slice(6))}`;
  else principal = `principal == Subject::${id(w.who)}`;
  const object = w.object || newObjectID(w);
  return `@id(${id(`permit-${w.name}`)})
permit (
    ${principal},
    action == Action::${id(w.action)},
    resource == Object::${id(object)}
);
`;
}

const level = (l: Level, more: object = {}) => written({ confidentiality: l.confidentiality, ...more, ...(l.categories.length > 0 ? { categories: l.categories } : {}) });

function fieldOf(f: FieldWish): string {
  const values = f.values.split(/[,，]/).map((v) => v.trim()).filter(Boolean);
  if (values.length > 0 && f.type === 'string') return written({ enum: values });
  return written({ type: f.type, ...(f.max === null || f.type === 'boolean' || f.type === 'decimal' ? {} : { max: f.max }) });
}

const named = (list: FieldWish[]) => list.filter((f) => f.name !== '');
const lines = (list: FieldWish[], indent: string) => named(list).map((f) => `${indent}${written(f.name)}: ${fieldOf(f)}`);

function routeOf(r: RouteWish, name: string): string[] {
  const parameters = parametersOf(r.path);
  return [
    `      - name: ${written(name)}`,
    `        method: ${r.method}`,
    `        path: ${written(r.path)}`,
    ...(parameters.length > 0 ? ['        path-parameters:', ...parameters.map((p) => `          ${p}: {type: string, min: 1, max: 64, pattern: '[A-Za-z0-9._-]+'}`)] : []),
    ...(named(r.query).length > 0 ? ['        query:', ...lines(r.query, '          ')] : []),
    ...(named(r.body).length > 0 ? ['        body:', '          fields:', ...lines(r.body, '            ')] : []),
    '        answers:',
    `          - status: ${r.status}`,
    ...(named(r.answer).length > 0 ? ['            body:', '              fields:', ...lines(r.answer, '                ')] : []),
  ];
}

// flowOf is the flow's own file. existing objects are named as the source zone names them.
export function flowOf(w: Wish, objectName: string): string {
  const http = w.protocol === 'http';
  return [
    ...w.about.split('\n').filter(Boolean).map((l) => `# ${l}`),
    'flows:',
    `  - name: ${written(w.name)}`,
    `    from: ${written(w.from)}`,
    `    to: ${written(w.to)}`,
    `    protocol: ${w.protocol}`,
    `    entry: ${written({ front: w.entryFront, listener: w.listener })}`,
    `    exit: ${written({ front: w.exitFront, target: w.target })}`,
    `    object: ${written(objectName)}`,
    `    action: ${written(w.action)}`,
    `    purpose: ${written(w.purpose)}`,
    `    class: ${level(w.class)}`,
    ...(http ? [`    answer: ${level(w.answer)}`] : []),
    ...(w.raise === null ? [] : [`    raise: {integrity: ${w.raise}, by: [form]}`]),
    `    accept: ${written([w.accept])}`,
    ...(w.accept.includes('token') && w.issuer ? [`    issuer: ${written(w.issuer)}`] : []),
    ...(http ? ['    unknown: drop'] : [`    files: ${written({ 'max-size': w.files.maxSize, ...(w.files.extensions.length > 0 ? { extensions: w.files.extensions } : {}), ready: w.files.ready, receipts: w.files.receipts })}`]),
    `    limits: ${written(http ? { request: w.limits.request, answer: w.limits.answer, rate: w.limits.rate, timeout: w.limits.timeout } : { rate: w.limits.rate, timeout: w.limits.timeout })}`,
    ...(http ? ['    routes:', ...w.routes.flatMap((r, i) => routeOf(r, routeName(w, i)))] : []),
    '',
  ].join('\n');
}

const routeName = (w: Wish, i: number) => (w.routes.length === 1 ? w.name : `${w.name}-${i + 1}`);

// sampleOf is a value that a field takes.
function sampleOf(f: FieldWish): unknown {
  const first = f.values.split(/[,，]/)[0]!.trim();
  if (f.type === 'string') return first || 'a';
  if (f.type === 'boolean') return true;
  return f.type === 'integer' ? Math.min(1, f.max ?? 1) : '1.0';
}

const samples = (list: FieldWish[]) => written(Object.fromEntries(named(list).map((f) => [f.name, sampleOf(f)])));

// caseOf asks of the new flow what its author expects of it: that it is allowed, and that
// somebody unknown is not.
export function caseOf(w: Wish, subject: string): string {
  const r = w.routes[0];
  const content = (): string[] => {
    if (w.protocol === 'file') return [`    content: {name: ${written(`sample${w.files.extensions[0] ?? '.txt'}`)}, size: 100, modified: 1782864000000}`];
    if (!r) return [];
    return [
      ...(w.routes.length > 1 ? [`    route: ${written(routeName(w, 0))}`] : []),
      ...(parametersOf(r.path).length > 0 ? [`    path: ${written(Object.fromEntries(parametersOf(r.path).map((p) => [p, 'a'])))}`] : []),
      ...(named(r.query).length > 0 ? [`    query: ${samples(r.query)}`] : []),
      ...(named(r.body).length > 0 ? [`    body: ${samples(r.body)}`] : []),
    ];
  };
  const one = (name: string, who: string, expect: string) => [`  - name: ${written(name)}`, `    flow: ${written(w.name)}`, `    subject: ${written(who)}`, ...content(), `    expect: ${expect}`];
  return ['cases:', ...one(`${w.name}: ${subject}`, subject, 'allow'), ''].join('\n');
}

// filesOf is all that the wish puts into a draft: whole texts of new and changed files.
export function filesOf(w: Wish, texts: Texts, objects: { id: string; alias?: string }[], subjectOf: (who: string) => string): Record<string, string> {
  const out: Record<string, string> = {};
  const put = (section: string, usual: string, value: unknown) => {
    const home = [...texts.keys()].find((path) => /\.ya?ml$/.test(path) && documentOf(path, texts.get(path)!).errors.length === 0 && documentOf(path, texts.get(path)!).has(section)) ?? usual;
    out[home] = addItem(out[home] ?? texts.get(home) ?? '', section, value);
  };
  const known = objects.find((o) => o.id === w.object);
  out[`flows/${w.name}.yaml`] = flowOf(w, known ? (known.alias ?? known.id) : aliasOf(w));
  if (!known) {
    const { confidentiality, integrity, categories } = w.newObject;
    put('objects', 'objects.yaml', { id: newObjectID(w), class: { confidentiality, integrity, ...(categories.length > 0 ? { categories } : {}) }, aliases: { [w.from]: aliasOf(w) } });
  }
  if (w.who === 'new') {
    const { confidentiality, categories, digest } = w.newSubject;
    put('subjects', 'subjects.yaml', {
      id: newSubjectID(w),
      groups: [group(w)],
      clearance: { confidentiality, ...(categories.length > 0 ? { categories } : {}) },
      proxies: { [w.to]: `${w.to}/${w.newSubject.name || w.name}` },
      ...(digest ? { credentials: [{ 'api-key': digest }] } : {}),
    });
  }
  out[`policies/${w.name}.cedar`] = w.cedar ?? cedarOf(w);
  out[`cases/${w.name}.yaml`] = caseOf(w, w.who === 'new' ? newSubjectID(w) : subjectOf(w.who));
  return out;
}
