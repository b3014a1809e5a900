import { createRequire } from 'node:module';

import { expect } from 'chai';

import { probeConditions } from '../../../scripts/contract-coverage/condition-probes.ts';

const SOURCE = `// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// Größe
contract Example {
    function f(uint256 a, bool b) external pure returns (uint256) {
        if (a > 1 && (b || !g(a == 2 ? 1 : 3))) return 1;
        bool both = b && a < 9;
        while (a > 20) --a;
        return both ? 2 : 3;
    }

    function g(uint256 x) internal pure returns (bool) {
        return x == 3;
    }
}
`;

function treeOf(text: string): unknown {
  const { compile } = createRequire(import.meta.url)('solc') as { compile: (input: string) => string };
  const settings = { outputSelection: { '*': { '': ['ast'] } } };
  const input = { language: 'Solidity', sources: { 'Example.sol': { content: text } }, settings };
  const output = JSON.parse(compile(JSON.stringify(input))) as { sources: Record<string, { ast: unknown }> };
  return output.sources['Example.sol']?.ast;
}

describe('Probes of conditions', () => {
  const probed = probeConditions(
    { source: 'contracts/libraries/Example.sol', text: SOURCE, ast: treeOf(SOURCE) },
    10,
  );
  const lines = probed.text.split('\n');

  it('names each part of each condition with its line, inner ones too', () => {
    expect(probed.conditions.map(({ line, text }) => `${line}: ${text}`)).to.deep.equal([
      '7: a > 1',
      '7: b',
      '7: g(a == 2 ? 1 : 3)',
      '7: a == 2',
      '8: b',
      '8: a < 9',
      '10: both',
    ]);
  });

  it('puts probes around the parts and leaves operators and lines alone', () => {
    const hit = 'ConditionProbe.hit';
    expect(lines[6]?.trim()).to.equal(
      `if (${hit}(10, a > 1) && (${hit}(11, b) || !${hit}(12, g(${hit}(13, a == 2) ? 1 : 3)))) return 1;`,
    );
    expect(lines[7]?.trim()).to.equal(`bool both = ${hit}(14, b) && ${hit}(15, a < 9);`);
    expect(lines.length).to.equal(SOURCE.split('\n').length);
    expect(lines[1]).to.equal(
      'pragma solidity 0.8.37; import {ConditionProbe} from "../ConditionProbe.sol";',
    );
  });
});
