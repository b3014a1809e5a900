/** Captions beside a video: `film.vtt`, or one for each language, `film.en.vtt`. */
export interface Captions {
  readonly path: string;
  /** Language of the name, if it has one (BCP 47). */
  readonly language: string | undefined;
}

const LANGUAGE = /^[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*$/;

/** The captions of a file among the names in its directory. */
export function captionsOf(path: string, names: readonly string[]): readonly Captions[] {
  const slash = path.lastIndexOf('/') + 1;
  const folder = path.slice(0, slash);
  const name = path.slice(slash);
  const stem = name.includes('.') ? name.slice(0, name.lastIndexOf('.')) : name;
  return names
    .filter((other) => other.startsWith(`${stem}.`) && other.toLowerCase().endsWith('.vtt'))
    .map((other) => {
      const middle = other.slice(stem.length + 1, -'.vtt'.length);
      return { path: folder + other, language: LANGUAGE.test(middle) ? middle : undefined };
    });
}
