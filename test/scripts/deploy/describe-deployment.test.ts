import { expect } from 'chai';

import { describeDeployment } from '../../../scripts/deploy/deploy.ts';
import { DEPLOY_PARAMETERS } from '../../../scripts/deploy/parameters.ts';
import { decodeDeployment } from '../../../sdk/chain/deployment.ts';
import { parseAddress } from '../../../sdk/protocol/identifiers.ts';

const address = (digit: string) => parseAddress(`0x${digit.repeat(40)}`);

describe('the file of a deployment', () => {
  const deployment = {
    chainId: 42_161n,
    token: address('1'),
    registry: address('2'),
    market: address('3'),
    deployedAtBlock: 7,
  };

  it('is read as the deployment, and says with what parameters it was made', () => {
    const text = describeDeployment(deployment, DEPLOY_PARAMETERS.production);
    expect(decodeDeployment(text)).to.deep.equal(deployment);
    const { parameters } = JSON.parse(text) as { parameters: Record<string, unknown> };
    expect(parameters).to.include({ claimSamples: 32, claimBondFloorWei: '10000000000000000000' });
  });

  it('is made with parameters that the contracts accept, on every network', () => {
    for (const parameters of Object.values(DEPLOY_PARAMETERS)) {
      expect(parameters.thawEpochs).to.be.greaterThan(parameters.claimWindowEpochs);
      expect(parameters.claimSamples).to.be.within(1, 32);
      expect(parameters.saltWindowBlocks).to.be.lessThan(Math.min(256, parameters.openingWindowBlocks));
    }
  });
});
