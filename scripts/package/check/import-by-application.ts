import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { ROOT } from '../source-files.ts';
import { runCommand } from './run-command.ts';

/** An application in JavaScript that imports by name what the package offers. */
const JAVASCRIPT = `import { decodeDeployment, fetchContent, parseCid, publish } from 'bcdn/sdk';
import { BROWSER_COMPONENTS, FetchSession } from 'bcdn/sdk/browser';
import { dealMarketAbi } from 'bcdn/contracts';
import registry from 'bcdn/contracts/NodeRegistry.json' with { type: 'json' };

const parts = [decodeDeployment, fetchContent, parseCid, publish, FetchSession, BROWSER_COMPONENTS.sha256];
if (parts.some((part) => typeof part !== 'function')) process.exit(1);
if (dealMarketAbi.length === 0 || registry.length === 0) process.exit(1);
`;

/** The same in TypeScript; what follows @ts-expect-error must be wrong, so that types which are not found show. */
const TYPESCRIPT = `import { fetchContent, parseCid, type FetchResult } from 'bcdn/sdk';
import { FetchSession, type SessionOptions } from 'bcdn/sdk/browser';
import { dealMarketAbi } from 'bcdn/contracts';

export async function bytesOf(cid: string, marketplaceUrl: string, viewerKey: Uint8Array): Promise<number> {
  const sink = { write: (_bytes: Uint8Array, _offset: number) => undefined };
  const result: FetchResult = await fetchContent({ cid: parseCid(cid), marketplaceUrl, viewerKey, sink });
  // @ts-expect-error bytes are a number
  const wrong: string = result.bytes;
  return wrong.length + result.bytes + dealMarketAbi.length;
}
// @ts-expect-error the address of the marketplace is missing
export const options: SessionOptions = { cid: parseCid('bafy'), viewerKey: new Uint8Array(32) };
export const open = FetchSession.open;
`;

const OPTIONS = {
  compilerOptions: {
    ...{ strict: true, noEmit: true, skipLibCheck: true, target: 'ES2024', lib: ['ES2024', 'DOM'] },
    ...{ module: 'NodeNext', moduleResolution: 'NodeNext', types: [] },
  },
  files: ['application.ts'],
};

/**
 * Imports the installed package as applications do, in JavaScript and, with the compiler of the checkout, in TypeScript.
 * @param workspace where it is installed
 * @throws PackageError PROGRAM_FAILED
 */
export async function importByApplication(workspace: string): Promise<void> {
  await writeFile(join(workspace, 'application.mjs'), JAVASCRIPT);
  await runCommand([process.execPath, 'application.mjs'], { cwd: workspace });
  await writeFile(join(workspace, 'application.ts'), TYPESCRIPT);
  await writeFile(join(workspace, 'tsconfig.json'), JSON.stringify(OPTIONS));
  await runCommand([process.execPath, join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', '.'], {
    cwd: workspace,
  });
}
