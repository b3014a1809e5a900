const DEFAULT_COLUMNS = 80;

/** One line of a terminal that changes; nothing where the stream is none. */
export interface LiveLine {
  readonly shown: boolean;
  show(text: (columns: number) => string): void;
  clear(): void;
}

/** The line of a stream, such as `process.stderr`. */
export function liveLine(stream: NodeJS.WriteStream): LiveLine {
  let shown = false;
  return {
    get shown() {
      return shown;
    },
    show: (text) => {
      if (!stream.isTTY) return;
      shown = true;
      // A terminal that does not know its width says 0.
      stream.write(`\r\u001b[K${text(stream.columns || DEFAULT_COLUMNS)}`);
    },
    clear: () => {
      if (shown) stream.write('\r\u001b[K');
      shown = false;
    },
  };
}
