#!/usr/bin/env node
// The publishers' command line.
import { startUnderCurrentNode } from './current-node.mjs';

await startUnderCurrentNode({
  name: 'bcdn',
  launcher: import.meta.url,
  program: 'sdk/cli/main',
  failureExitCode: 3,
});
