// Imported first by every entry point (node --import): refuses an old Node with a sentence instead of a stack.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 13)) {
  process.stderr.write(
    `bcdn needs Node 22.13 or later and this is ${process.version}. The project brings its own: run it through npm scripts (npm start, npm test), ` +
      'and if you installed with --ignore-scripts, run npm rebuild node first.\n',
  );
  process.exit(1);
}
