interface CommandProps {
  /** One command a line; a line that is too long for the screen is broken there, and copied in one piece. */
  readonly text: string;
  /** For those who do not see it. @default Command */
  readonly name?: string;
}

/** Commands for a terminal. */
export function Command({ text, name = 'Command' }: CommandProps) {
  return (
    <pre class="panel command" tabIndex={0} aria-label={name}>
      {text}
    </pre>
  );
}
