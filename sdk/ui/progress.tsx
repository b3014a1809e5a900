interface ProgressProps {
  readonly label: string;
  /** What is done of `of`; undefined while nobody can say. */
  readonly done?: number | undefined;
  readonly of?: number;
  /** In words beside the bar: `12 of 40 MiB`. */
  readonly text?: string;
}

/** How far something has got. */
export function Progress({ label, done, of = 1, text }: ProgressProps) {
  return (
    <label class="progress">
      <span class="progress-label">
        <span>{label}</span>
        {text !== undefined && <span class="figure">{text}</span>}
      </span>
      {done === undefined ? <progress max={1} /> : <progress value={Math.min(done, of)} max={of} />}
    </label>
  );
}
