import { Option, type Command } from 'commander';

import { CliError } from '../cli-error.ts';
import { readConfig } from './config-file.ts';
import { SETTINGS, type SettingDescription, type SettingName, type SettingTexts } from './setting-names.ts';

/** Adds flags of settings to a command; where else they may come from is looked up when it runs. */
export function addSettings(command: Command, names: readonly SettingName[]): Command {
  for (const name of names) {
    const { flag, argument, description, variable, fallback }: SettingDescription = SETTINGS[name];
    const preset = fallback === undefined ? '' : `, default ${fallback}`;
    command.addOption(new Option(`${flag} ${argument}`, `${description} (env ${variable}${preset})`));
  }
  return command;
}

/** Settings by precedence: flag, environment, configuration file, default. */
export class Settings {
  readonly #texts: SettingTexts;
  readonly #named: ReadonlySet<SettingName>;

  private constructor(texts: SettingTexts, named: ReadonlySet<SettingName>) {
    this.#texts = texts;
    this.#named = named;
  }

  /** @throws CliError CONFIG_INVALID */
  static async read(flags: SettingTexts, environment: NodeJS.ProcessEnv = process.env): Promise<Settings> {
    const file = await readConfig(environment);
    const texts: Partial<Record<SettingName, string>> = {};
    const named = new Set<SettingName>();
    for (const name of Object.keys(SETTINGS) as SettingName[]) {
      const { variable, fallback }: SettingDescription = SETTINGS[name];
      const fromEnvironment = environment[variable] === '' ? undefined : environment[variable];
      const given = flags[name] ?? fromEnvironment ?? file[name];
      if (given !== undefined) named.add(name);
      const text = given ?? fallback;
      if (text !== undefined) texts[name] = text;
    }
    return new Settings(texts, named);
  }

  get(name: SettingName): string | undefined {
    return this.#texts[name];
  }

  /** Whether somebody asked for it: it is not the default. */
  isNamed(name: SettingName): boolean {
    return this.#named.has(name);
  }

  /** @throws CliError OPTION_MISSING */
  require(name: SettingName): string {
    const text = this.#texts[name];
    if (text !== undefined) return text;
    const { flag, variable } = SETTINGS[name];
    throw new CliError('OPTION_MISSING', `${flag} is missing.`, {
      values: { flag, variable },
      remedy: `Give ${flag}, set ${variable}, or write "${name}" into the configuration file.`,
    });
  }
}
