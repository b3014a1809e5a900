import { expect } from 'chai';
import { AbiCoder, id } from 'ethers';

import { marketInterface } from '../../../sdk/chain/contracts.ts';
import { decodeDeployment, domainOf, encodeDeployment } from '../../../sdk/chain/deployment.ts';
import { errorNotices } from '../../../sdk/chain/generated/notices.ts';
import { registryInterface } from '../../../sdk/chain/contracts.ts';
import { ChainError } from '../../../sdk/chain/chain-errors.ts';
import { decodeRevert, isConnectionFailure, toChainError } from '../../../sdk/chain/reverts.ts';
import { parseAddress } from '../../../sdk/protocol/identifiers.ts';

describe('decoding refusals', () => {
  it('gives the name, the values and the documented sentence of a contract error', () => {
    const dealId = id('deal');
    const error = decodeRevert(marketInterface.encodeErrorResult('InsufficientFree', [dealId, 5n, 7n]));
    expect(error.code).to.equal('CHAIN_REVERTED');
    expect(error.values).to.deep.equal({ error: 'InsufficientFree', dealId, freeWei: 5n, requestedWei: 7n });
    expect(error.message).to.equal(
      `The free part of the deal is smaller than the amount. (InsufficientFree: dealId ${dealId}, freeWei 5, requestedWei 7)`,
    );
  });

  it('writes addresses as the protocol does', () => {
    const operator = '0x00000000000000000000000000000000000ABCdE';
    const error = decodeRevert(
      registryInterface.encodeErrorResult('NotRegistered', [operator.toLowerCase()]),
    );
    expect(error.values['operator']).to.equal(operator.toLowerCase());
  });

  it('has a sentence for every error of the contracts', () => {
    const names: string[] = [];
    for (const face of [marketInterface, registryInterface])
      face.forEachError(({ name }) => names.push(name));
    const documentedElsewhere = /^(SafeERC20|InvalidShortString|StringTooLong)/;
    const missing = names.filter(
      (name) => errorNotices[name] === undefined && !documentedElsewhere.test(name),
    );
    expect(missing).to.deep.equal([]);
  });

  it('keeps unknown data', () => {
    for (const data of ['0x', '0x12345678', id('x')]) {
      const error = decodeRevert(data);
      expect(error.code).to.equal('CHAIN_REVERTED');
      expect(error.values).to.deep.equal({ error: 'unknown', data });
    }
    const text = `0x08c379a0${AbiCoder.defaultAbiCoder().encode(['string'], ['no']).slice(2)}`;
    expect(decodeRevert(text).values['error']).to.equal('Error');
  });

  it('tells lost connections from answers', () => {
    const lost = Object.assign(new TypeError('x'), { code: 'ECONNREFUSED' });
    expect(isConnectionFailure(lost)).to.equal(true);
    expect(isConnectionFailure(new TypeError('x'))).to.equal(false);
    expect(isConnectionFailure(undefined)).to.equal(false);
    const error = toChainError(lost, 'http://chain.example');
    expect(error.code).to.equal('CHAIN_UNREACHABLE');
    expect(error.values['url']).to.equal('http://chain.example');
    expect(error.cause).to.equal(lost);
    expect(isConnectionFailure(error)).to.equal(true);
    expect(toChainError(error)).to.equal(error);
    const other = toChainError(new TypeError('z'.repeat(1_000)));
    expect(other.code).to.equal('CHAIN_REFUSED');
    expect(other.message.length).to.be.lessThan(260);
  });
});

describe('describing a deployment', () => {
  const deployment = {
    chainId: 31_337n,
    token: parseAddress(`0x${'01'.repeat(20)}`),
    registry: parseAddress(`0x${'02'.repeat(20)}`),
    market: parseAddress(`0x${'03'.repeat(20)}`),
    deployedAtBlock: 7,
  };

  it('reads what it wrote, and gives the domain of signatures', () => {
    expect(decodeDeployment(encodeDeployment(deployment))).to.deep.equal(deployment);
    expect(domainOf(deployment)).to.deep.equal({ chainId: 31_337n, verifyingContract: deployment.market });
  });

  it('refuses anything else', () => {
    const json = JSON.parse(encodeDeployment(deployment)) as Record<string, unknown>;
    const bad = [
      '',
      '[]',
      'null',
      '{}',
      ...['chainId', 'token', 'registry', 'market', 'deployedAtBlock'].map((name) =>
        JSON.stringify({ ...json, [name]: -1 }),
      ),
    ];
    for (const text of bad) {
      try {
        decodeDeployment(text);
        expect.fail(`accepted ${text}`);
      } catch (error) {
        expect(error).to.be.instanceOf(ChainError);
        expect((error as ChainError).code).to.equal('DEPLOYMENT_INVALID');
      }
    }
  });
});
