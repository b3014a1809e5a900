/** A word that bash, zsh and fish take as it is, whatever it contains. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Name of the shell function of a program: shells allow no dashes in it everywhere. */
export function functionName(program: string): string {
  return `_${program.replaceAll(/[^A-Za-z0-9]/g, '_')}`;
}
