import { join } from 'node:path';

import ts from 'typescript';

import { compilerOptions, described } from './compiler-options.ts';
import { PackageError } from './package-error.ts';
import { DOORS, ROOT } from './source-files.ts';

/**
 * Writes the types of what applications import, and of everything that these name.
 * @param output folder of the JavaScript that they describe
 * @throws PackageError BUILD_FAILED
 */
export function writeDeclarations(output: string): void {
  const program = ts.createProgram(
    DOORS.map((door) => join(ROOT, door)),
    compilerOptions(output, { declaration: true, emitDeclarationOnly: true, types: ['node'] }),
  );
  const { diagnostics, emitSkipped } = program.emit(undefined, (file, text) => {
    // The description of the package is no part of its types.
    if (file.endsWith('.d.ts')) ts.sys.writeFile(file, text);
  });
  const failures = ts.sortAndDeduplicateDiagnostics([...ts.getPreEmitDiagnostics(program), ...diagnostics]);
  if (!emitSkipped && failures.length === 0) return;
  throw new PackageError('BUILD_FAILED', `The types could not be written:\n${described(failures)}`);
}
