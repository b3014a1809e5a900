import { createRequire } from 'node:module';
import toolboxMochaEthers from '@nomicfoundation/hardhat-toolbox-mocha-ethers';
import { defineConfig } from 'hardhat/config';

const require = createRequire(import.meta.url);

/** The compiler comes with npm: nothing is downloaded at build time. */
const compiler = {
  version: '0.8.37',
  path: require.resolve('solc/soljson.js'),
  settings: {
    optimizer: { enabled: true, runs: 100_000 },
    viaIR: true,
    evmVersion: 'cancun',
    // The sentences that people read when a contract refuses are its own documentation.
    outputSelection: { '*': { '*': ['userdoc'] } },
  },
};

export default defineConfig({
  plugins: [toolboxMochaEthers],
  solidity: { profiles: { default: compiler, production: compiler }, splitTestsCompilation: true },
  paths: {
    sources: { solidity: ['contracts', 'test/contracts/mocks'] },
    tests: { mocha: 'test/contracts', solidity: 'test/contracts' },
    artifacts: 'artifacts',
    cache: 'cache',
  },
  typechain: { outDir: 'sdk/chain/generated/types', tsNocheck: true },
  test: {
    mocha: { timeout: 60_000 },
    solidity: {
      fuzz: { runs: 512, seed: '0x62636466' },
      invariant: { runs: 48, depth: 48, failOnRevert: false },
    },
  },
  networks: {
    default: { type: 'edr-simulated', chainId: 31337, accounts: { count: 20 } },
    local: {
      type: 'edr-simulated',
      chainId: 31337,
      accounts: { count: 20 },
      mining: { auto: true, interval: 1_000 },
    },
  },
});
