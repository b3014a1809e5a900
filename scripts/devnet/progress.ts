/** Tells a person how the job goes: a task list on a terminal, plain lines elsewhere. Always on standard error. */
export class Progress {
  readonly #stream: NodeJS.WriteStream;
  readonly #quiet: boolean;
  readonly #startedAtMs = performance.now();
  #line = '';

  constructor(stream: NodeJS.WriteStream, options: { quiet: boolean }) {
    this.#stream = stream;
    this.#quiet = options.quiet;
  }

  /** Runs one task and reports its end; `detail` is said with it. */
  async task<T>(name: string, work: () => Promise<T>, detail?: (result: T) => string): Promise<T> {
    this.update(`… ${name}`);
    try {
      const result = await work();
      const said = detail === undefined ? '' : `: ${detail(result)}`;
      this.say(`✓ ${name}${said}`);
      return result;
    } catch (error) {
      this.say(`✗ ${name}`);
      throw error;
    }
  }

  /** A line that stays. */
  say(text: string): void {
    if (this.#quiet) return;
    const seconds = ((performance.now() - this.#startedAtMs) / 1000).toFixed(1).padStart(6);
    this.#clear();
    this.#stream.write(`${seconds} s  ${text}\n`);
  }

  /** A line that the next one replaces; only on a terminal. */
  update(text: string): void {
    if (this.#quiet || !this.#stream.isTTY) return;
    this.#clear();
    this.#line = text.slice(0, Math.max(20, (this.#stream.columns ?? 80) - 1));
    this.#stream.write(this.#line);
  }

  #clear(): void {
    if (this.#line === '') return;
    this.#stream.write('\r\u001b[2K');
    this.#line = '';
  }
}
