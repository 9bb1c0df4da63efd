// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { expect, type Locator, type Page } from '@playwright/test';
import { type Shows, install } from './inPage';
import { say, spread } from './report';

interface Click {
  kind: string;
  painted: number; // to the next frame, as the browser tells it of an interaction
  shown: number; // to the frame that shows what was asked for
  whole: number; // to that in which the chart is drawn too
}

// busy is what is there while something is awaited.
const busy = ['#content .ant-spin-spinning', '#content .ant-skeleton-active', '#content .ant-btn-loading:not(.bars-head *)', '#content[aria-busy=true]'];
const chart = ['#content .histogram[aria-busy=true]'];
const least = 16; // milliseconds; the browser tells of no shorter interactions

// answeredInTime runs in the page.
function answeredInTime() {
  const late = new Promise<never>((_, reject) => setTimeout(() => reject(new Error('not shown within 60 s')), 60_000));
  return Promise.race([window.dukouLoad?.answered ?? Promise.reject(new Error('nothing is measured')), late]);
}

// lacking runs in the page: where it is, and what is not as it was waited for.
function lacking({ there = [], gone = [] }: Shows) {
  const visible = (s: string) => [...document.querySelectorAll(s)].some((e) => e.getClientRects().length > 0);
  return { at: location.hash, missing: there.filter((s) => !visible(s)), left: gone.filter(visible) };
}

// menuItem is a page in the menu; its accessible name also has that of its picture.
export const menuItem = (page: Page, name: string) => page.locator('.side-menu .ant-menu-item').filter({ hasText: new RegExp(`^${name}$`) });

// Clicker clicks as an auditor does, and measures each click.
export class Clicker {
  readonly clicks: Click[] = [];
  private dark = false;

  constructor(
    private readonly page: Page,
    private readonly random: () => number,
  ) {}

  private pick<T>(list: readonly T[]): T {
    const one = list[Math.floor(this.random() * list.length)];
    if (one === undefined) throw new Error('nothing to choose from');
    return one;
  }

  // click clicks, and waits until what was asked for is on the screen.
  async click(kind: string, what: Locator, shows: Shows): Promise<void> {
    await this.page.evaluate((s) => window.dukouLoad?.arm(s), { ...shows, later: chart });
    await what.click();
    const { shown, whole } = await this.page.evaluate(answeredInTime).catch(async (e: Error) => {
      throw new Error(`${kind}: ${e.message}: ${JSON.stringify(await this.page.evaluate(lacking, shows))}`);
    });
    const painted = await this.page.evaluate(
      () => new Promise<number>((resolve) => setTimeout(() => resolve(Math.max(0, ...(window.dukouLoad?.longest.values() ?? []))), 150)), // it is told a little later
    );
    this.clicks.push({ kind, painted: Math.max(painted, least), shown, whole });
  }

  async run(most: number): Promise<void> {
    await this.page.evaluate(install);
    const acts = [this.ranges, this.states, this.values, this.crossing, this.entries, this.older, this.filterDialog, this.finding, this.component, this.shade, this.stroll];
    while (this.clicks.length < most) await this.pick(acts).call(this);
  }

  // go goes to a page by the menu.
  private async go(name: string): Promise<void> {
    await this.click(`menu: ${name}`, menuItem(this.page, name), { heading: name, gone: busy });
  }

  private search = () => this.go(this.pick(['Crossings', 'Entries']));

  private async stroll(): Promise<void> {
    await this.go(this.pick(['Overview', 'To do', 'Alerts', 'Components', 'Questions', 'Findings', 'Logs']));
  }

  private async ranges(): Promise<void> {
    await this.search();
    for (const n of [this.pick([0, 2, 3]), 4, 1]) {
      const item = this.page.locator('#content .search .ant-segmented-item').nth(n);
      await this.click('filter: another time', item, { there: [`#content .search .ant-segmented-item:nth-child(${n + 1}).ant-segmented-item-selected`], gone: busy });
    }
  }

  private async states(): Promise<void> {
    await this.go('Crossings');
    await this.click('drop-down: open', this.page.locator('#content .state-choice'), { there: ['.ant-select-dropdown .ant-select-item-option'] });
    const option = this.page.locator('.ant-select-dropdown:visible .ant-select-item-option').nth(this.pick([0, 2, 4]));
    await this.click('filter: a state', option, { there: ['#content .state-choice .ant-select-selection-item'], gone: busy });
    await this.page.keyboard.press('Escape');
  }

  private async values(): Promise<void> {
    await this.search();
    const value = this.page.locator('#content tbody .cell-clip button.value').nth(this.pick([0, 1, 2, 5, 8, 12]));
    await this.click('menu of a value: open', value, { there: ['.ant-dropdown-menu-item'] });
    const only = this.page.getByRole('menuitem', { name: this.pick(['Only this', 'Not this']) });
    await this.click('filter: a value', only, { there: ['#content .chip'], gone: busy });
    await this.click('filter: taken away', this.page.locator('#content .chip .ant-tag-close-icon').first(), { gone: [...busy, '#content .chip'] });
  }

  private async crossing(): Promise<void> {
    await this.go('Crossings');
    const row = this.page.locator('#content tbody a[href*="/crossings/"]').nth(this.pick([0, 3, 7, 11]));
    await this.click('row: a crossing', row, { heading: 'Crossing ', there: ['#content .state-line'], gone: busy });
    await this.proofs();
  }

  // proofs has the browser check the proofs of all records of a crossing; each must hold.
  private async proofs(): Promise<void> {
    const rows = this.page.locator('#content tr[data-log]');
    const all = await rows.count();
    await this.click('proofs: fetched, checked', this.page.getByRole('button', { name: 'Check the proof' }), { gone: busy, atLeast: ['#content tr[data-log] button[aria-haspopup=dialog]', all] });
    await expect(rows.filter({ hasText: 'Proven' }), 'each record is proven').toHaveCount(all);
  }

  private async entries(): Promise<void> {
    await this.go('Entries');
    const row = this.page.locator('#content tbody a[href*="/evidence/"]').nth(this.pick([0, 3, 7, 11]));
    await this.click('row: an entry', row, { heading: 'Entry', there: ['#content h2'], gone: busy });
  }

  private async older(): Promise<void> {
    await this.search();
    const rows = await this.page.locator('#content tbody tr.ant-table-row').count();
    await this.page.locator('#content tbody tr.ant-table-row').last().hover(); // who reads there keeps the rows in their places
    await this.click('older rows', this.page.getByRole('button', { name: 'Show older ones' }), { atLeast: ['#content tbody tr.ant-table-row', rows + 1], gone: busy });
  }

  private async filterDialog(): Promise<void> {
    await this.search();
    const button = this.page.locator('#content .search').getByRole('button', { name: /Filter$/ });
    await this.click('dialog: open', button, { there: ['.ant-popover .filter-form'] });
    await this.click('dialog: close', button, { gone: ['.ant-popover .filter-form'] });
  }

  private async finding(): Promise<void> {
    await this.go('Findings');
    await this.click('dialog: open', this.page.locator('#content').getByRole('button', { name: 'Open a finding' }), { there: ['.ant-modal form'] });
    await this.click('dialog: close', this.page.locator('.ant-modal').getByRole('button', { name: 'Cancel' }), { gone: ['.ant-modal form'] });
    await this.click('row: a finding', this.page.locator('#content tbody a[href*="/findings/"]').nth(this.pick([0, 5, 9])), { there: ['#content h2'], gone: busy });
  }

  private async component(): Promise<void> {
    await this.go('Components');
    const row = this.page.locator('#content tbody a[href*="/components/"]').nth(this.pick([0, 1, 2, 3]));
    await this.click('row: a component', row, { there: ['#content .ant-tabs-tab'], gone: busy });
    for (const n of [2, 1]) {
      const tab = this.page.locator('#content .ant-tabs-tab').nth(n - 1);
      await this.click('tab', tab, { there: [`#content .ant-tabs-tab:nth-child(${n}).ant-tabs-tab-active`], gone: busy });
    }
  }

  // shade changes between light and dark, over a page full of rows.
  private async shade(): Promise<void> {
    await this.search();
    await this.click('drop-down: open', this.page.getByRole('button', { name: 'Light or dark' }), { there: ['.ant-dropdown-menu-item'] });
    this.dark = !this.dark;
    const name = this.dark ? 'Dark' : 'Light';
    await this.click('dark, light', this.page.getByRole('menuitem', { name, exact: true }), { there: [`html[data-shade=${name.toLowerCase()}]`] });
  }

  // report says how long each kind took, and all.
  report(title: string): void {
    say(`\n${title}: ${this.clicks.length} clicks, milliseconds at the median, the 95th percentile, at most`);
    say(`  ${''.padEnd(28)} clicks   to the next frame        to what was asked for   with the chart`);
    const row = (name: string, list: Click[]) => {
      say(`  ${name.padEnd(28)} ${String(list.length).padStart(6)} ${spread(list.map((c) => c.painted))}  ${spread(list.map((c) => c.shown))}  ${spread(list.map((c) => c.whole))}`);
    };
    for (const kind of [...new Set(this.clicks.map((c) => c.kind))].sort()) row(kind, this.clicks.filter((c) => c.kind === kind));
    row('all', this.clicks);
  }
}
