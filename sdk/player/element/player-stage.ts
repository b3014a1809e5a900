import type { ViewReport } from '../engine/view-report.ts';
import type { Failure } from '../failure.ts';
import type { Quality } from '../playback/hls-playback.ts';
import type { Stage } from '../playback/show-content.ts';
import { element } from './dom-element.ts';
import { pressKey } from './player-keys.ts';
import { PLAYER_STYLE } from './player-style.ts';
import { ServedByOverlay } from './served-by-overlay.ts';

export interface StageEvents {
  /** A fresh element that will play. */
  readonly onMedia: (media: HTMLMediaElement) => void;
  readonly onQuality: (level: number) => void;
}

/** What is inside of the player: the content, what is said of it, and who serves it. */
export class PlayerStage implements Stage {
  readonly #events: StageEvents;
  readonly #frame = element('div', { class: 'frame', part: 'frame', tabindex: '0' });
  readonly #content = element('div', { class: 'content' });
  readonly #status = element('p', { class: 'status', role: 'status' });
  readonly #bar = element('div', { class: 'bar', part: 'bar', hidden: '' });
  readonly #unverified = element('p', { class: 'unverified', hidden: '' }, ['Unverified']);
  readonly #overlay = new ServedByOverlay();
  #playing: HTMLMediaElement | undefined;

  constructor(root: ShadowRoot, events: StageEvents) {
    this.#events = events;
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(PLAYER_STYLE);
    root.adoptedStyleSheets = [sheet];
    this.#frame.append(this.#content, this.#unverified, this.#status);
    root.append(this.#frame, this.#overlay.root, this.#bar);
    this.#overlay.root.hidden = true;
    this.#frame.addEventListener('keydown', (event) => this.#press(event));
  }

  get playing(): HTMLMediaElement | undefined {
    return this.#playing;
  }

  media(kind: 'video' | 'audio'): HTMLMediaElement {
    const media = element(kind, { controls: '', playsinline: '', preload: 'auto' });
    this.#playing = media;
    this.#content.replaceChildren(media);
    this.#events.onMedia(media);
    return media;
  }

  image(): HTMLImageElement {
    const image = element('img', { alt: '' });
    this.#content.replaceChildren(image);
    return image;
  }

  text(): HTMLElement {
    const text = element('pre', { tabindex: '0' });
    this.#content.replaceChildren(text);
    return text;
  }

  download(): HTMLAnchorElement {
    const save = element('a', { class: 'save' }, ['Save this file']);
    this.#content.replaceChildren(save);
    return save;
  }

  say(text: string): void {
    if (this.#status.textContent !== text) this.#status.textContent = text;
  }

  fail({ code, message, remedy }: Failure): void {
    this.say('');
    const failure = element('div', { class: 'failure', role: 'alert', 'data-code': code }, [
      element('p', {}, [element('strong', {}, [message])]),
      element('p', {}, [remedy]),
    ]);
    this.#content.querySelector('.failure')?.remove();
    if (this.#playing === undefined) this.#content.replaceChildren(failure);
    else this.#content.append(failure);
  }

  /** Qualities to choose from; none hides the menu. */
  offer(qualities: readonly Quality[]): void {
    this.#bar.hidden = qualities.length === 0;
    const select = element(
      'select',
      {},
      qualities.map(({ level, label }) => element('option', { value: String(level) }, [label])),
    );
    select.addEventListener('change', () => this.#events.onQuality(Number(select.value)));
    this.#bar.replaceChildren(element('label', {}, ['Quality ', select]));
  }

  report(report: ViewReport): void {
    this.#unverified.hidden = report.unverifiedBytes === 0;
    this.#overlay.show(report);
  }

  showOverlay(shown: boolean): void {
    this.#overlay.root.hidden = !shown;
  }

  clear(): void {
    this.#playing?.removeAttribute('src');
    this.#playing?.load();
    this.#playing = undefined;
    this.#content.replaceChildren();
    this.offer([]);
    this.say('');
  }

  #press(event: KeyboardEvent): void {
    const media = this.#playing;
    if (media === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    // The media element's own controls take their keys themselves.
    if (event.target === media || event.defaultPrevented) return;
    if (pressKey(event.key, media, this.#frame)) event.preventDefault();
  }
}
