// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// nonce lets the styles that Ant Design makes pass the page's content security policy.
export const nonce = document.querySelector<HTMLMetaElement>('meta[name=csp-nonce]')?.content ?? '';

// Its tables measure scroll bars by a style of their own, to which they give no nonce. So
// each style that the program makes has it from the start; what comes into the page as
// text is not made so, and stays forbidden.
const create = document.createElement;
document.createElement = function (this: Document, name: string, options?: ElementCreationOptions) {
  const made = create.call(this, name, options);
  if (made instanceof HTMLStyleElement) made.nonce = nonce;
  return made;
} as typeof document.createElement;

// Its text areas that grow measure by an element whose style they set as text, which the
// policy forbids; the same by the style's own interface is allowed.
const set = Element.prototype.setAttribute;
Element.prototype.setAttribute = function (name: string, value: string) {
  if (name === 'style' && this instanceof HTMLElement) this.style.cssText = value;
  else set.call(this, name, value);
};
