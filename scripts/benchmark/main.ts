import { INTERRUPTED_EXIT, interruption } from '../command-line/interruption.ts';
import { Progress } from '../devnet/progress.ts';
import { BenchError } from './bench-error.ts';
import { BENCHES } from './catalogue.ts';
import { parseBenchCommand, type BenchCommand } from './command-line.ts';
import { machineFacts } from './machine-facts.ts';
import { textTable } from './text-table.ts';

const stopping = interruption({
  first: (by) => new BenchError('BENCH_STOPPED', { message: `Stopped by ${by}.`, remedy: 'Start it again.' }),
});

const command = parseBenchCommand(process.argv.slice(2), BENCHES, {
  write: (text) => process.stderr.write(text),
  exit: (code) => process.exit(code),
});
process.exitCode = await run(command);

async function run({ bench, values, json }: BenchCommand): Promise<number> {
  const progress = new Progress(process.stderr, { quiet: false });
  const machine = machineFacts();
  try {
    const report = await bench.run(values, { progress, signal: stopping });
    const document = { bench: bench.name, ...report.figures, options: values, machine };
    const facts = `${machine.cpuModel}, ${machine.cores} cores, Node ${machine.node}, load ${machine.loadAverage}`;
    const output = json ? JSON.stringify(document) : [...report.tables.map(textTable), facts].join('\n\n');
    process.stdout.write(`${output}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof BenchError)) throw error;
    progress.say(`${error.code}: ${error.message} ${error.remedy}`);
    return stopping.aborted ? INTERRUPTED_EXIT : 1;
  }
}
