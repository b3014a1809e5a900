#!/usr/bin/env node
// The publishers' command line.
import { startUnderCurrentNode } from './current-node.mjs';

await startUnderCurrentNode({
  name: 'bcdn',
  launcher: import.meta.url,
  main: new URL('./main.ts', import.meta.url).href,
  failureExitCode: 3,
});
