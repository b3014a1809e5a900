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
      stream.write(`\r\u001b[K${text(stream.columns)}`);
    },
    clear: () => {
      if (shown) stream.write('\r\u001b[K');
      shown = false;
    },
  };
}
