#!/usr/bin/env node
// The operator's command line.
import { startUnderCurrentNode } from '../../sdk/cli/current-node.mjs';

await startUnderCurrentNode({
  name: 'bcdn-node',
  launcher: import.meta.url,
  program: 'node/cli/main',
  failureExitCode: 1,
});
