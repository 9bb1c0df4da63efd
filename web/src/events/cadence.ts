// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Cadence says when a topic that was told of is looked at: at once when it has been quiet for
// a while, and else when its rest has passed. Times are milliseconds.
export class Cadence {
  private readonly due = new Map<string, number>();
  private readonly taken = new Map<string, number>();

  constructor(private readonly rest: (topic: string) => number) {}

  hear(topic: string, now: number): void {
    if (this.due.has(topic)) return;
    this.due.set(topic, Math.max(now, (this.taken.get(topic) ?? -Infinity) + this.rest(topic)));
  }

  // take gives the topics that are due.
  take(now: number): string[] {
    const topics = [...this.due].filter(([, at]) => at <= now).map(([topic]) => topic);
    for (const topic of topics) {
      this.due.delete(topic);
      this.taken.set(topic, now);
    }
    return topics;
  }

  // wait is for how long nothing is due, undefined when nothing was told.
  wait(now: number): number | undefined {
    return this.due.size === 0 ? undefined : Math.max(0, Math.min(...this.due.values()) - now);
  }
}
