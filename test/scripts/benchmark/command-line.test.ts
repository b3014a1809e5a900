import { expect } from 'chai';

import { defineBench } from '../../../scripts/benchmark/bench.ts';
import { BENCHES } from '../../../scripts/benchmark/catalogue.ts';
import { parseBenchCommand, type BenchCommand } from '../../../scripts/benchmark/command-line.ts';

class Ended extends RangeError {
  readonly exitCode: number;
  constructor(exitCode: number) {
    super(`ended with ${exitCode}`);
    this.exitCode = exitCode;
  }
}

const sums = defineBench({
  name: 'sums',
  summary: 'Additions a second.',
  options: { rounds: { description: 'rounds', fallback: 5, min: 1, max: 100 } },
  run: async ({ rounds }) => ({ figures: { rounds }, tables: [] }),
});

function parse(...argv: string[]): { command?: BenchCommand; exitCode?: number; said: string } {
  let said = '';
  const end = {
    write: (text: string): void => {
      said += text;
    },
    exit: (code: number): never => {
      throw new Ended(code);
    },
  };
  try {
    return { command: parseBenchCommand(argv, [sums], end), said };
  } catch (error) {
    if (!(error instanceof Ended)) throw error;
    return { exitCode: error.exitCode, said };
  }
}

describe('npm run bench: command line', () => {
  it('reads a bench, its options and --json', () => {
    const { command } = parse('sums', '--rounds', '7', '--json');
    expect(command).to.deep.equal({ bench: sums, values: { rounds: 7 }, json: true });
  });

  it('uses the defaults of what is not given', () => {
    expect(parse('sums').command).to.deep.equal({ bench: sums, values: { rounds: 5 }, json: false });
  });

  for (const [mistake, argv] of [
    ['a number out of range', ['sums', '--rounds', '101']],
    ['something else than a number', ['sums', '--rounds', 'many']],
    ['an unknown bench', ['products']],
    ['an unknown option', ['sums', '--seed', '1']],
    ['no bench at all', []],
  ] as const) {
    it(`ends with 2 for ${mistake}`, () => {
      const { exitCode, said } = parse(...argv);
      expect(exitCode).to.equal(2);
      expect(said).to.not.equal('');
    });
  }

  it('helps: all benches with what they measure, examples, and the range of each option', () => {
    const general = parse('--help');
    expect(general.exitCode).to.equal(0);
    expect(general.said).to.include('Additions a second.').and.to.include('Examples:');
    expect(parse('sums', '--help').said).to.include('(1 to 100)');
  });

  it('has benches with different names, each with a sentence', () => {
    const names = BENCHES.map(({ name }) => name);
    expect(new Set(names).size).to.equal(names.length);
    for (const { summary } of BENCHES) expect(summary).to.match(/\.$/);
  });
});
