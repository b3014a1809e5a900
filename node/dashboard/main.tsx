import '../../sdk/ui/tokens.css';
import '../../sdk/ui/base.css';
import '../../sdk/ui/components.css';
import './frame/desk.css';

import { render } from 'preact';

import { applyTheme, rememberedTheme } from '../../sdk/ui/theme.ts';
import { Desk } from './frame/desk.tsx';
import { takeToken } from './node-data/token.ts';

applyTheme(rememberedTheme());
takeToken();
const root = document.getElementById('app');
if (root !== null) render(<Desk />, root);
