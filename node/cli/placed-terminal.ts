import { dataDirOf, type PlaceOptions } from './place.ts';
import type { Terminal } from '../../sdk/cli/terminal.ts';

/** Commands as sentences name them: the word after the program, unless the data directory is named already. */
const COMMAND =
  /\bbcdn-node (?:init|start|status|dashboard|earnings|settle|withdraw|doctor|stake|unstake|price|drain|verify|support-bundle)\b(?! --data-dir)/g;
/** Letters that no shell takes for anything else. */
const PLAIN_PATH = /^[\w@%+=:,./-]+$/;

/** A terminal whose sentences name commands as they have to be typed here: with the data directory that this one was given. */
export function placedTerminal(terminal: Terminal, options: PlaceOptions): Terminal {
  if (options.dataDir === undefined) return terminal;
  const { root } = dataDirOf(options);
  return {
    ...terminal,
    data: (line) => terminal.data(withDataDir(line, root)),
    say: (line) => terminal.say(withDataDir(line, root)),
  };
}

/** A sentence with its commands as they work for a node at this place. */
export function withDataDir(sentence: string, root: string): string {
  const path = PLAIN_PATH.test(root) ? root : `'${root.replaceAll("'", String.raw`'\''`)}'`;
  return sentence.replace(COMMAND, (command) => `${command} --data-dir ${path}`);
}
