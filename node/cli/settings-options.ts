import { Option, type Command } from 'commander';
import {
  settingDescriptions,
  settingNames,
  type SettingName,
  type SettingTexts,
} from '../app/config/settings.ts';

/** Adds the flags of some settings to a command. Environment and defaults are merged later, in one place. */
export function addSettingOptions(command: Command, names: readonly SettingName[]): Command {
  for (const name of names) {
    const { flag, argument, description, environment, fallback } = settingDescriptions[name];
    const preset = fallback === undefined || fallback === '' ? '' : `, default ${fallback}`;
    command.addOption(new Option(`${flag} ${argument}`, `${description} (env ${environment}${preset})`));
  }
  return command;
}

/** The settings that were given as flags. */
export function settingFlags(options: Record<string, unknown>): SettingTexts {
  const texts: SettingTexts = {};
  for (const name of settingNames) {
    const value = options[optionName(name)];
    if (typeof value === 'string') texts[name] = value;
  }
  return texts;
}

/** How commander names the value of a flag. */
function optionName(name: SettingName): string {
  const words = settingDescriptions[name].flag.slice(2).split('-');
  return words
    .map((word, index) => (index === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1)))
    .join('');
}
