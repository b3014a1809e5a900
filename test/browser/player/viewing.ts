import { setTimeout } from 'node:timers/promises';

import { expect } from 'chai';
import type { Page } from 'playwright-core';

import type { ViewReport } from '../../../sdk/player/engine/view-report.ts';
import type { PageLog } from '../page-log.ts';

/** What a page's player says of itself. */
export interface Viewing {
  readonly seconds: number;
  readonly duration: number;
  readonly ended: boolean;
  /** Of the element that plays; 0 without one. */
  readonly readyState: number;
  readonly error: { readonly code: string; readonly message: string } | undefined;
  readonly shown: { readonly kind: string; readonly way: string; readonly path: string } | undefined;
  readonly thread: string | undefined;
  readonly report: ViewReport | undefined;
}

/** The element, as far as tests use it. */
interface PlayerElement extends HTMLElement {
  readonly currentTime: number;
  readonly duration: number;
  readonly ended: boolean;
  readonly media: HTMLMediaElement | undefined;
  readonly error: Viewing['error'];
  readonly shown: Viewing['shown'];
  readonly thread: string | undefined;
  readonly report: ViewReport | undefined;
}

const PLAY_TIMEOUT_MS = 60_000;
const POLL_MS = 50;

/** Undefined while the page has no player yet. */
export async function viewingOf(page: Page): Promise<Viewing | undefined> {
  return page.evaluate(() => {
    const player = document.querySelector<PlayerElement>('bcdn-player');
    if (player === null) return undefined;
    const { currentTime: seconds, duration, ended, error, shown, thread, report } = player;
    const at = { seconds, duration, ended, readyState: player.media?.readyState ?? 0 };
    const { kind = '', way = '', path = '' } = shown ?? {};
    return { ...at, error, shown: shown && { kind, way, path }, thread, report };
  });
}

/** Waits until the player says that something holds; a failure of the player ends the wait at once. */
export async function waitFor(
  page: Page,
  holds: (viewing: Viewing) => boolean,
  timeoutMs = PLAY_TIMEOUT_MS,
): Promise<Viewing> {
  const deadlineMs = performance.now() + timeoutMs;
  for (;;) {
    const viewing = await viewingOf(page);
    if (viewing !== undefined && (viewing.error !== undefined || holds(viewing))) return viewing;
    if (performance.now() > deadlineMs) return expect.fail(`still waiting: ${JSON.stringify(viewing)}`);
    await setTimeout(POLL_MS);
  }
}

/** Plays muted, at this speed. */
export async function play(page: Page, rate = 1): Promise<void> {
  await page.evaluate(async (speed) => {
    const player = document.querySelector('bcdn-player') as HTMLElement & {
      media: HTMLMediaElement;
      play(): Promise<void>;
    };
    player.media.muted = true;
    player.media.playbackRate = speed;
    await player.play();
  }, rate);
}

export async function seek(page: Page, seconds: number): Promise<void> {
  await page.evaluate((to) => {
    const player = document.querySelector('bcdn-player') as HTMLElement & { currentTime: number };
    player.currentTime = to;
  }, seconds);
}

const LEFT = 'left-with';

/**
 * Lets a page, which is still empty, be left by itself in the very moment in which its player reports so many verified bytes.
 * @param stay another address of the same site, without a player, to read there what was reported
 * @returns tells that report
 */
export async function leaveAt(
  page: Page,
  verifiedBytes: number,
  stay: string,
): Promise<() => Promise<ViewReport>> {
  await page.addInitScript(
    ({ bytes, key }) => {
      window.addEventListener(
        'bcdn-report',
        (event) => {
          const { detail: report } = event as CustomEvent<ViewReport>;
          if (report.verifiedBytes < bytes) return;
          localStorage.setItem(key, JSON.stringify(report));
          location.replace('about:blank');
        },
        true,
      );
    },
    { bytes: verifiedBytes, key: LEFT },
  );
  return async () => {
    await page.waitForURL('about:blank', { timeout: PLAY_TIMEOUT_MS });
    await page.goto(stay);
    const text = await page.evaluate((key) => localStorage.getItem(key), LEFT);
    return JSON.parse(text ?? '') as ViewReport;
  };
}

/** Ends the view and waits until its receipts are delivered. @returns what it had fetched */
export async function closeView(page: Page): Promise<ViewReport> {
  return page.evaluate(async () => {
    const player = document.querySelector('bcdn-player') as HTMLElement & {
      close(): Promise<void>;
      report: ViewReport;
    };
    await player.close();
    return player.report;
  });
}

/**
 * What a page complained of, but for requests that were refused: the browser writes those down by itself, and with epochs
 * of five seconds a grant now and then ends between two requests, which the engine takes as it comes.
 */
export function complaintsOf(log: PageLog): readonly string[] {
  return log.complaints.filter((complaint) => !/responded with a status of (?:402|403|409)/.test(complaint));
}
