import { join } from 'node:path';

import ts from 'typescript';

import { compilerOptions, described } from './compiler-options.ts';
import { PackageError } from './package-error.ts';
import { programFiles, ROOT } from './source-files.ts';

/**
 * Writes the JavaScript of everything that runs in Node, with source maps, under the same paths as the sources. Types are
 * left out file by file and not checked: that is the business of `tsc -p .`, and of the declarations.
 * @param output an empty folder
 * @throws PackageError BUILD_FAILED
 */
export function compilePrograms(output: string): void {
  const program = ts.createProgram(
    programFiles('.ts').map((file) => join(ROOT, file)),
    // Each file is read alone: nothing of what it imports is looked up.
    compilerOptions(output, { noCheck: true, noResolve: true, noLib: true, sourceMap: true, types: [] }),
  );
  const { diagnostics, emitSkipped } = program.emit();
  const failures = [...program.getSyntacticDiagnostics(), ...diagnostics];
  if (!emitSkipped && failures.length === 0) return;
  throw new PackageError('BUILD_FAILED', `The programs could not be compiled:\n${described(failures)}`);
}
