import { join } from 'node:path';

import ts from 'typescript';

import { PackageError } from './package-error.ts';
import { ROOT } from './source-files.ts';

/**
 * The options of the checkout, for writing what was compiled.
 * @param output folder
 * @param changes what differs from `tsconfig.json`
 * @throws PackageError BUILD_FAILED
 */
export function compilerOptions(output: string, changes: ts.CompilerOptions): ts.CompilerOptions {
  const file = join(ROOT, 'tsconfig.json');
  const read = ts.readConfigFile(file, (path) => ts.sys.readFile(path));
  const { options, errors } = ts.convertCompilerOptionsFromJson(
    property(read.config, 'compilerOptions'),
    ROOT,
    file,
  );
  const failures = [...(read.error === undefined ? [] : [read.error]), ...errors];
  if (failures.length > 0) throw new PackageError('BUILD_FAILED', described(failures));
  // What was compiled is written anew each time: nothing is remembered of the last.
  delete options.incremental;
  delete options.tsBuildInfoFile;
  return {
    ...options,
    noEmit: false,
    ...{ rootDir: ROOT, outDir: output, newLine: ts.NewLineKind.LineFeed },
    ...changes,
  };
}

/** What the compiler complains of, for people. */
export function described(diagnostics: readonly ts.Diagnostic[]): string {
  return ts.formatDiagnostics(diagnostics, {
    getCurrentDirectory: () => ROOT,
    getCanonicalFileName: (name) => name,
    getNewLine: () => '\n',
  });
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
