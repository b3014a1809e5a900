#!/usr/bin/env node
// The marketplace's command line.
import { startUnderCurrentNode } from '../sdk/cli/current-node.mjs';

await startUnderCurrentNode({
  name: 'bcdn-marketplace',
  launcher: import.meta.url,
  program: 'marketplace/main',
  failureExitCode: 1,
});
