import { bytesText } from '../../client/progress-line.ts';
import type { Address } from '../../protocol/identifiers.ts';
import { shortageText } from '../../publish/node-shortage.ts';
import type { PublishProgress } from '../../publish/publish.ts';
import { formatTokens } from '../amounts.ts';
import type { LiveLine } from '../live-line.ts';
import { mark, type Terminal } from '../terminal.ts';

const BAR_COLUMNS = 12;

/** Tells how far publishing has come: a changing line on a terminal, and one that stays for each step. */
export class PublishTeller {
  readonly #terminal: Terminal;
  readonly #line: LiveLine;
  readonly #pushes = new Map<Address, { sentBytes: number; totalBytes: number; told: boolean }>();
  #holders = -1;
  resumed = false;
  /** Of the content, if it is known before it is read. */
  totalBytes: number | undefined;

  constructor(terminal: Terminal, line: LiveLine) {
    this.#terminal = terminal;
    this.#line = line;
  }

  tell(progress: PublishProgress): void {
    switch (progress.phase) {
      case 'importing':
        return this.#line.show((columns) => this.#readText(progress.bytes).slice(0, columns));
      case 'imported':
        return this.#done(`Read ${bytesText(progress.bytes)} in ${progress.blocks} blocks: ${progress.cid}`);
      case 'quoted':
        if (progress.shortage !== undefined) this.#warn(shortageText(progress.shortage));
        return this.#done(`Planned on ${progress.nodes} edges for ${formatTokens(progress.depositWei)}`);
      case 'resumed':
        this.resumed = true;
        return this.#done(`Going on with deal ${progress.dealId}: nothing is paid twice`);
      case 'opened':
        return this.#done(`Deal ${progress.dealId} is open`);
      case 'allocated':
        return this.#done(`Allocated to ${progress.nodes} edges`);
      case 'pushing':
        return this.#pushing(progress.node, progress.sentBytes, progress.totalBytes);
      case 'placing':
        if (progress.holders === this.#holders) return;
        this.#holders = progress.holders;
        return this.#done(`${progress.holders} of ${progress.nodes} edges hold it`);
    }
  }

  #pushing(node: Address, sentBytes: number, totalBytes: number): void {
    const told = this.#pushes.get(node)?.told ?? false;
    const whole = sentBytes >= totalBytes;
    this.#pushes.set(node, { sentBytes, totalBytes, told: told || whole });
    if (whole && !told) return this.#done(`Sent ${bytesText(totalBytes)} to ${node}`);
    this.#line.show((columns) => this.#pushText().slice(0, columns));
  }

  #readText(bytes: number): string {
    const { totalBytes } = this;
    if (totalBytes === undefined) return `Reading ${bytesText(bytes)}`;
    return `Reading ${barText(bytes, totalBytes)} of ${bytesText(totalBytes)}`;
  }

  /** A bar for each edge that is being sent the content. */
  #pushText(): string {
    const bars = [...this.#pushes].map(
      ([node, { sentBytes, totalBytes }]) => `${node.slice(0, 8)} ${barText(sentBytes, totalBytes)}`,
    );
    return bars.join('  ');
  }

  #warn(text: string): void {
    this.#line.clear();
    this.#terminal.say(`${mark('!', '33')} ${text}`);
  }

  #done(text: string): void {
    this.#line.clear();
    this.#terminal.say(`${mark('✓', '32')} ${text}`);
  }
}

/** `[######......] 50 %` */
function barText(bytes: number, totalBytes: number): string {
  const share = totalBytes === 0 ? 1 : Math.min(1, bytes / totalBytes);
  const filled = Math.floor(share * BAR_COLUMNS);
  return `[${'#'.repeat(filled)}${'.'.repeat(BAR_COLUMNS - filled)}] ${Math.floor(share * 100)} %`;
}
