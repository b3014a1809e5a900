import '../../sdk/ui/tokens.css';
import '../../sdk/ui/base.css';
import '../../sdk/ui/components.css';
import './shell/shell.css';
import './wallet/wallet.css';

import { render } from 'preact';

import { applyTheme, rememberedTheme } from '../../sdk/ui/theme.ts';
import { App } from './shell/app.tsx';

applyTheme(rememberedTheme());
const root = document.getElementById('app');
if (root !== null) render(<App />, root);
