import { INTERRUPTED_EXIT, interruption } from '../command-line/interruption.ts';
import { parseSimulateOptions } from './options.ts';
import { writeCsv } from './output/csv.ts';
import { Progress } from './output/progress.ts';
import { reportJson, reportText } from './output/report.ts';
import { writeSvg } from './output/svg-plot.ts';
import { runScenario } from './run-scenario.ts';
import { ALL_SCENARIOS } from './scenarios/all-scenarios.ts';
import { SimulatorError } from './simulator-error.ts';

const options = parseSimulateOptions(process.argv.slice(2), ALL_SCENARIOS);
const progress = new Progress((text) => {
  if (!options.quiet) process.stderr.write(text);
});
const stopping = interruption();

process.exitCode = await main();

async function main(): Promise<number> {
  const run = { scenario: options.scenario.name, nodes: options.nodes, seed: options.seed };
  try {
    const report = await runScenario(options, progress, stopping);
    const heading = `${run.scenario}, ${run.nodes} nodes, seed ${run.seed}`;
    if (options.csv !== undefined) writeCsv(options.csv, report);
    if (options.svg !== undefined) writeSvg(options.svg, heading, report);
    process.stdout.write(`${options.json ? reportJson(run, report) : reportText(run, report)}\n`);
    return report.violations.length === 0 ? 0 : 1;
  } catch (error) {
    if (!(error instanceof SimulatorError)) throw error;
    process.stderr.write(`${error.code}: ${error.message}\n`);
    return error.code === 'INTERRUPTED' ? INTERRUPTED_EXIT : 1;
  }
}
