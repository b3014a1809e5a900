import type { GivenAdmission } from '../../client/given-admission.ts';
import type { ViewReport } from '../engine/view-report.ts';
import { failureOf, type Failure } from '../failure.ts';
import { EngineLink } from '../link/engine-link.ts';
import { handOverWhenLeft } from '../link/leaving-page.ts';
import { startEngine, type RunningEngine } from '../link/start-engine.ts';
import { mediaFailure } from '../playback/media-source-playback.ts';
import type { RangedUrls } from '../playback/ranged-urls.ts';
import { showContent, type Shown } from '../playback/show-content.ts';
import { REPORT_INTERVAL_MS } from '../player-limits.ts';
import { addCaptions } from './add-captions.ts';
import { CONTENT_ATTRIBUTES, MEDIA_ATTRIBUTES, settingsOf } from './player-settings.ts';
import { PlayerStage } from './player-stage.ts';

/** Events of the media element that the player repeats under the same name. */
const REPEATED_EVENTS = [
  ...['play', 'playing', 'pause', 'ended', 'waiting', 'seeking', 'seeked', 'timeupdate', 'volumechange'],
  ...['ratechange', 'durationchange', 'loadedmetadata', 'loadeddata', 'canplay', 'progress'],
];

/** A log-in service's word for a viewer, given when the viewer's key is known. */
export type AdmissionSource = (viewerKey: string) => GivenAdmission | Promise<GivenAdmission>;

interface Running {
  readonly engine: RunningEngine;
  readonly link: EngineLink;
  readonly stop: AbortController;
  /** Forgets the page's end, once the last receipts are delivered. */
  readonly stay: () => void;
  shown?: Shown;
}

/**
 * `<bcdn-player cid="…" path="film.webm">`: shows a content of the network, verified block by block, from several
 * nodes at once. Attributes and events are in the README.
 */
export class BcdnPlayer extends HTMLElement {
  static readonly observedAttributes = [...CONTENT_ATTRIBUTES, ...MEDIA_ATTRIBUTES];
  /** Address of this script; worker and further scripts lie beside it. */
  static scriptUrl = '';
  /** Brings ranged URLs to pages of the script's own site. */
  static urls: RangedUrls | undefined;

  readonly #stage: PlayerStage;
  #running: Running | undefined;
  #report: ViewReport | undefined;
  #failure: Failure | undefined;
  #queued = false;
  #ended: Promise<void> = Promise.resolve();
  /** Where the deal is for viewers whom its publisher knows. Declared only: what a page set before this script came stays. */
  declare admission: AdmissionSource | undefined;

  constructor() {
    super();
    this.#stage = new PlayerStage(this.attachShadow({ mode: 'open', delegatesFocus: true }), {
      onMedia: (media) => this.#adopt(media),
      onQuality: (level) => this.#running?.shown?.choose?.(level),
    });
  }

  connectedCallback(): void {
    this.#queue();
  }

  disconnectedCallback(): void {
    this.#end();
  }

  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    if (before === after || !this.isConnected) return;
    if ((MEDIA_ATTRIBUTES as readonly string[]).includes(name)) this.#applyMediaAttributes();
    else this.#queue();
  }

  /** The element that plays; undefined for what is neither video nor audio. */
  get media(): HTMLMediaElement | undefined {
    return this.#stage.playing;
  }

  /** How the view does: who serves, what was verified and signed for. */
  get report(): ViewReport | undefined {
    return this.#report;
  }

  /** Why nothing is shown. */
  get error(): Failure | undefined {
    return this.#failure;
  }

  /** How the content is shown, and how its bytes reach the browser. */
  get shown(): Pick<Shown, 'kind' | 'type' | 'path' | 'way'> | undefined {
    return this.#running?.shown;
  }

  /** Where blocks are verified. */
  get thread(): RunningEngine['thread'] | undefined {
    return this.#running?.engine.thread;
  }

  get currentTime(): number {
    return this.media?.currentTime ?? 0;
  }
  set currentTime(seconds: number) {
    if (this.media !== undefined) this.media.currentTime = seconds;
  }
  get duration(): number {
    return this.media?.duration ?? NaN;
  }
  get paused(): boolean {
    return this.media?.paused ?? true;
  }
  get ended(): boolean {
    return this.media?.ended ?? false;
  }
  get playbackRate(): number {
    return this.media?.playbackRate ?? 1;
  }
  set playbackRate(rate: number) {
    if (this.media !== undefined) this.media.playbackRate = rate;
  }
  async play(): Promise<void> {
    await this.media?.play();
  }
  pause(): void {
    this.media?.pause();
  }

  /** Waits until the receipts of everything that was fetched are delivered, and ends. */
  async close(): Promise<void> {
    this.#end();
    await this.#ended;
  }

  /** Several attributes that change together are one change. */
  #queue(): void {
    if (this.#queued) return;
    this.#queued = true;
    queueMicrotask(() => {
      this.#queued = false;
      if (this.isConnected) void this.#begin();
    });
  }

  async #begin(): Promise<void> {
    this.#end();
    this.#failure = undefined;
    const stop = new AbortController();
    try {
      const asked = settingsOf((name) => this.getAttribute(name), BcdnPlayer.scriptUrl);
      if (asked === undefined) return;
      this.#stage.say('Starting');
      const workerUrl = new URL('viewer-worker.js', BcdnPlayer.scriptUrl);
      const engine = await startEngine(workerUrl, this.getAttribute('thread') === 'page');
      const link = new EngineLink(engine.port, (report) => {
        if (this.#running?.shown?.way !== 'url') this.#tell(report);
      });
      if (!this.isConnected || this.#running !== undefined) return engine.end();
      const running: Running = { engine, link, stop, stay: handOverWhenLeft(link) };
      this.#running = running;
      link.start();
      const admission = await this.admission?.(await link.viewerKey());
      link.open({ ...asked.settings, ...(admission !== undefined && { admission }) });
      this.#stage.say('Looking for nodes');
      await this.#show(running, asked.settings.cid, asked.path);
    } catch (error) {
      if (!stop.signal.aborted) this.#fail(error);
    }
  }

  async #show(running: Running, cid: string, path: string): Promise<void> {
    const { link, stop } = running;
    const { signal } = stop;
    running.shown = await showContent({
      ...{ link, cid, path, signal, stage: this.#stage },
      // A service worker has a key of its own, which nobody admitted.
      urls: this.admission === undefined ? BcdnPlayer.urls : undefined,
      onQualities: (qualities) => this.#stage.offer(qualities),
      onFailure: (error) => this.#fail(error),
    });
    if (signal.aborted) return running.shown.stop();
    this.#stage.say('');
    this.#applyMediaAttributes();
    const media = this.#stage.playing;
    const shownPath = running.shown.path;
    if (media !== undefined && shownPath !== '') void addCaptions({ link, path: shownPath, media, signal });
    if (running.shown.way === 'url') void this.#followWorker(cid, signal);
    this.dispatchEvent(new CustomEvent('bcdn-shown', { detail: this.shown }));
  }

  /** What a service worker fetches, it counts. */
  async #followWorker(cid: string, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const report = await BcdnPlayer.urls?.report(cid);
      if (report !== undefined && !signal.aborted) this.#tell(report);
      await new Promise((resolve) => setTimeout(resolve, REPORT_INTERVAL_MS));
    }
  }

  #adopt(media: HTMLMediaElement): void {
    for (const name of REPEATED_EVENTS)
      media.addEventListener(name, () => this.dispatchEvent(new Event(name)));
    media.addEventListener('waiting', () => this.#stage.say('Buffering'));
    for (const name of ['playing', 'canplay', 'pause', 'ended'])
      media.addEventListener(name, () => this.#stage.say(''));
    media.addEventListener('error', () => {
      if (media.error !== null && media.src !== '' && this.#running !== undefined)
        this.#fail(mediaFailure(media.error));
    });
    this.#applyMediaAttributes();
  }

  #applyMediaAttributes(): void {
    const media = this.#stage.playing;
    this.#stage.showOverlay(this.hasAttribute('overlay'));
    if (media === undefined) return;
    media.muted = this.hasAttribute('muted') || media.muted;
    media.loop = this.hasAttribute('loop');
    media.autoplay = this.hasAttribute('autoplay');
    const poster = this.getAttribute('poster');
    if (media instanceof HTMLVideoElement && poster !== null) media.poster = poster;
  }

  #tell(report: ViewReport): void {
    const before = new Set(this.#report?.nodes.filter(({ dropped }) => dropped).map(({ node }) => node));
    this.#report = report;
    this.#stage.report(report);
    for (const node of report.nodes) {
      if (node.dropped !== undefined && !before.has(node.node))
        this.dispatchEvent(new CustomEvent('bcdn-dropped', { detail: node }));
    }
    this.dispatchEvent(new CustomEvent('bcdn-report', { detail: report }));
  }

  #fail(error: unknown): void {
    this.#failure = failureOf(error);
    this.#stage.fail(this.#failure);
    this.dispatchEvent(new CustomEvent('error', { detail: this.#failure }));
  }

  #end(): void {
    const running = this.#running;
    if (running === undefined) return;
    this.#running = undefined;
    running.stop.abort();
    running.shown?.stop();
    this.#stage.clear();
    // Its last receipts are delivered before the worker goes.
    this.#ended = running.link
      .close()
      .catch(() => undefined)
      .then(() => {
        running.stay();
        running.engine.end();
      });
  }
}
