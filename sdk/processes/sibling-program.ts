/**
 * Where a program lies that runs beside this one, in a thread or a process of its own: in the same folder, and in the
 * form of the file that starts it, TypeScript in a checkout and JavaScript in an installed package.
 * @param name of the file, without its extension
 * @param startedBy `import.meta.url` of the file that starts it
 * @example new Worker(siblingProgram('verify-worker', import.meta.url), { workerData: rules });
 */
export function siblingProgram(name: string, startedBy: string): URL {
  const { pathname } = new URL(startedBy);
  return new URL(`./${name}${pathname.slice(pathname.lastIndexOf('.'))}`, startedBy);
}
