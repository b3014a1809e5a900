import { useState } from 'preact/hooks';

import { DarkThemeIcon, LightThemeIcon, SystemThemeIcon } from './icons.tsx';
import { chooseTheme, rememberedTheme, themeAfter } from './theme.ts';

const NAMES = { system: 'as the system has it', light: 'light', dark: 'dark' } as const;
const ICONS = { system: SystemThemeIcon, light: LightThemeIcon, dark: DarkThemeIcon } as const;

/** One button that goes through system, light and dark. */
export function ThemeSwitch() {
  const [theme, setTheme] = useState(rememberedTheme);
  const next = themeAfter(theme);
  const ThemeIcon = ICONS[theme];
  return (
    <button
      type="button"
      class="icon-button theme-switch"
      aria-label={`Colours: ${NAMES[theme]}. Change to ${NAMES[next]}`}
      title={`Colours: ${NAMES[theme]}`}
      onClick={() => {
        chooseTheme(next);
        setTheme(next);
      }}
    >
      <ThemeIcon />
    </button>
  );
}
