/** One answer as it came, body included. */
export interface Answer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

/** What a server sent that is no answer by RFC 9112, in a sentence. */
export class NotHttp extends Error {}

const STATUS_LINE = /^HTTP\/1\.1 (\d{3}) [\x20-\x7e]*$/;
const FIELD_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)$/;
const HEAD_END = Buffer.from('\r\n\r\n');
const MAX_HEAD_BYTES = 65_536;
const MAX_BODY_BYTES = 64 * 1024 * 1024;
const BODILESS: ReadonlySet<number> = new Set([204, 304]);
const FIRST_FINAL_STATUS = 200;

/**
 * Reads answers off one connection, as strictly as RFC 9112 allows: it is told before whether the next answer has a
 * body, because that depends on the request.
 */
export class AnswerReader {
  #buffered: Buffer = Buffer.alloc(0);

  /** Whether part of an answer has come that is not whole. */
  get midway(): boolean {
    return this.#buffered.length > 0;
  }

  push(bytes: Buffer): void {
    this.#buffered = this.#buffered.length === 0 ? bytes : Buffer.concat([this.#buffered, bytes]);
  }

  /**
   * The next whole answer, or undefined as long as it has not all come.
   * @param headOnly whether it answers HEAD
   * @param ended whether nothing more comes
   * @throws NotHttp
   */
  next(headOnly: boolean, ended = false): Answer | undefined {
    for (;;) {
      const end = this.#buffered.indexOf(HEAD_END);
      if (end === -1) {
        if (this.#buffered.length > MAX_HEAD_BYTES) throw new NotHttp('a head without end');
        return undefined;
      }
      const head = headOf(this.#buffered.toString('latin1', 0, end));
      const start = end + HEAD_END.length;
      if (head.status < FIRST_FINAL_STATUS) {
        this.#buffered = this.#buffered.subarray(start);
        continue;
      }
      const body = this.#bodyOf(head, start, { headOnly, ended });
      if (body === undefined) return undefined;
      this.#buffered = this.#buffered.subarray(body.end);
      return { ...head, body: body.bytes };
    }
  }

  #bodyOf(
    { status, headers }: Pick<Answer, 'status' | 'headers'>,
    start: number,
    { headOnly, ended }: { readonly headOnly: boolean; readonly ended: boolean },
  ): { bytes: Buffer; end: number } | undefined {
    const declared = headers.get('content-length');
    const coding = headers.get('transfer-encoding');
    if (declared !== undefined && coding !== undefined) throw new NotHttp('two lengths of one body');
    if (declared !== undefined && !/^\d{1,15}$/.test(declared)) throw new NotHttp(`a length of ${declared}`);
    if (headOnly || BODILESS.has(status)) return { bytes: Buffer.alloc(0), end: start };
    if (coding !== undefined) return this.#chunked(coding, start);
    if (declared === undefined) {
      if (headers.get('connection')?.toLowerCase() !== 'close') throw new NotHttp('a body without an end');
      return ended ? { bytes: this.#buffered.subarray(start), end: this.#buffered.length } : undefined;
    }
    const end = start + Number(declared);
    if (Number(declared) > MAX_BODY_BYTES) throw new NotHttp(`a body of ${declared} bytes`);
    return this.#buffered.length < end ? undefined : { bytes: this.#buffered.subarray(start, end), end };
  }

  #chunked(coding: string, start: number): { bytes: Buffer; end: number } | undefined {
    if (coding.toLowerCase() !== 'chunked') throw new NotHttp(`a coding that nobody asked for: ${coding}`);
    const chunks: Buffer[] = [];
    for (let at = start; ;) {
      const lineEnd = this.#buffered.indexOf('\r\n', at, 'latin1');
      if (lineEnd === -1) return undefined;
      const size = this.#buffered.toString('latin1', at, lineEnd);
      if (!/^[0-9a-f]{1,8}$/i.test(size)) throw new NotHttp(`a chunk of size ${size}`);
      const from = lineEnd + 2;
      const to = from + Number.parseInt(size, 16);
      if (this.#buffered.length < to + 2) return undefined;
      if (this.#buffered.toString('latin1', to, to + 2) !== '\r\n') throw new NotHttp('a chunk without end');
      if (to === from) return { bytes: Buffer.concat(chunks), end: to + 2 };
      chunks.push(this.#buffered.subarray(from, to));
      at = to + 2;
    }
  }
}

function headOf(text: string): Pick<Answer, 'status' | 'headers'> {
  const [first = '', ...lines] = text.split('\r\n');
  const status = STATUS_LINE.exec(first)?.[1];
  if (status === undefined) throw new NotHttp(`a status line ${JSON.stringify(first.slice(0, 80))}`);
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, name, value] = FIELD_LINE.exec(line) ?? [];
    if (name === undefined || value === undefined)
      throw new NotHttp(`a header ${JSON.stringify(line.slice(0, 80))}`);
    const key = name.toLowerCase();
    if (headers.has(key)) throw new NotHttp(`the header ${key} twice`);
    headers.set(key, value);
  }
  return { status: Number(status), headers };
}
