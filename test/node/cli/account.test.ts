import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { parseEther } from 'ethers';
import type { PriceDocument, StakeDocument } from '../../../node/app/control/account-documents.ts';
import type { StatusDocument, WithdrawDocument } from '../../../node/app/control/documents.ts';
import { formatTokens } from '../../../node/app/config/units.ts';
import { dataDirAt } from '../../../node/app/config/data-dir.ts';
import { readNode } from '../../../sdk/chain/nodes.ts';
import { parseAddress } from '../../../sdk/protocol/identifiers.ts';
import { eventually } from './eventually.ts';
import type { NodeProcess } from './node-process.ts';
import { TestNetwork, type InitialisedNode } from './test-network.ts';

interface Failure {
  readonly error: { readonly code: string; readonly values: Readonly<Record<string, string>> };
}

describe('stake and price of a node', function () {
  this.timeout(180_000);
  let network: TestNetwork;
  let edge: InitialisedNode;
  let running: NodeProcess;

  before(async () => {
    network = await TestNetwork.start();
    await network.marketplace();
    edge = await network.init('edge');
    running = network.run(edge);
    await running.ready();
  });

  after(() => network.stop());

  async function run<T>(
    command: string,
    ...args: string[]
  ): Promise<T & { code: number | null; stderr: string }> {
    // A withdrawal goes through the running node, whose key is open.
    const password = command === 'withdraw' ? [] : ['--password-file', network.passwordFile];
    const all = [...args, '--json', ...password];
    const { code, stdout, stderr } = await network.command(edge, command, ...all);
    expect(stdout, stderr).not.to.equal('');
    return { ...(JSON.parse(stdout) as T), code, stderr };
  }

  const stake = (...args: string[]) => run<StakeDocument>('stake', ...args);
  const unstake = (...args: string[]) => run<StakeDocument>('unstake', ...args);
  const price = (...args: string[]) => run<PriceDocument>('price', ...args);
  const record = () => readNode(network.provider, network.deployment, parseAddress(edge.operator));

  it('shows the stake and adds to it, as the chain then says', async () => {
    const before = await stake();
    expect(before).to.deep.include({ code: 0, role: 'edge', active: true, stakeWei: before.minimumWei });
    const after = await stake('10BCDN', '--yes');
    expect(BigInt(after.stakeWei)).to.equal(BigInt(before.stakeWei) + parseEther('10'));
    expect((await record())?.stakeWei).to.equal(BigInt(after.stakeWei));
    expect(after.transactions).to.have.length(1);
  });

  it('refuses amounts without a unit, without a yes, and beyond what the account holds', async () => {
    expect(await run<Failure>('stake', '10', '--yes')).to.have.nested.property(
      'error.code',
      'SETTING_INVALID',
    );
    const unasked = await run<Failure>('stake', '1BCDN');
    expect([unasked.code, unasked.error.code]).to.deep.equal([2, 'CONFIRMATION_NEEDED']);
    const beyond = await run<Failure>('stake', '1000000BCDN', '--yes');
    expect([beyond.code, beyond.error.code]).to.deep.equal([1, 'STAKE_UNFUNDED']);
    expect(beyond.error.values).to.include({ needWei: parseEther('1000000').toString() });
  });

  it('says what a withdrawal sends and where to, before it is confirmed', async () => {
    const held = BigInt((await stake()).balanceWei);
    const to = `0x${'ab'.repeat(20)}`;
    const unasked = await run<Failure>('withdraw', '1BCDN', '--to', to);
    expect([unasked.code, unasked.error.code]).to.deep.equal([2, 'CONFIRMATION_NEEDED']);
    expect(unasked.stderr).to.contain(
      `This sends 1 BCDN of ${formatTokens(held)} in the operator account to ${to}.`,
    );
    const beyond = await run<Failure>('withdraw', '1000000BCDN', '--yes');
    expect([beyond.code, beyond.error.code]).to.deep.equal([1, 'NOTHING_TO_WITHDRAW']);
    const sent = await run<WithdrawDocument>('withdraw', '1BCDN', '--to', to, '--yes');
    expect(sent).to.deep.include({ code: 0, to, amountWei: parseEther('1').toString() });
    expect(BigInt((await stake()).balanceWei)).to.equal(held - parseEther('1'));
    const twice = await run<Failure>('withdraw', '1BCDN', '--amount-wei', '1', '--yes');
    expect([twice.code, twice.error.code]).to.deep.equal([2, 'SETTING_INVALID']);
  });

  it('refuses to unbond more than there is before it asks', async () => {
    const { code, error, stderr } = await run<Failure>('unstake', '1000000BCDN');
    expect([code, error.code]).to.deep.equal([1, 'STAKE_TOO_SMALL']);
    expect(stderr).not.to.contain('remain staked');
  });

  it('unbonds a part: the delay and the date are shown, the edge stays on the ring', async () => {
    const after = await unstake('4BCDN', '--yes');
    expect(after.stderr).to.match(/4 BCDN will be unbonded. It can be withdrawn .* after the transaction/);
    expect(after.stderr).to.contain('The edge stays on the ring.');
    expect(after).to.deep.include({ code: 0, active: true, leaving: false, withdrawable: false });
    expect(after.unbondingWei).to.equal(parseEther('4').toString());
    expect(Date.parse(after.unbondingEndsAt ?? '')).to.equal(
      Number((await record())?.unbondingEndsAt) * 1_000,
    );
    const early = await run<Failure>('unstake', '--withdraw', '--yes');
    expect([early.code, early.error.code]).to.deep.equal([1, 'STAKE_NOT_UNBONDED']);
    expect(await run<Failure>('unstake', '1000000BCDN', '--yes')).to.have.nested.property(
      'error.code',
      'STAKE_TOO_SMALL',
    );
  });

  it('returns what was unbonded after the delay', async () => {
    const before = await stake();
    await passDelay(before);
    expect((await stake()).withdrawable).to.equal(true);
    const after = await unstake('--withdraw', '--yes');
    expect(BigInt(after.balanceWei)).to.equal(BigInt(before.balanceWei) + parseEther('4'));
    expect(after).to.include({ unbondingWei: '0', unbondingEndsAt: null });
  });

  it('asks another price: on chain, in the file, and still after a restart', async () => {
    const shown = await price();
    expect(shown.market).to.deep.include({ nodes: 1, medianWeiPerGib: shown.askWeiPerGib });
    const changed = await price('0.25BCDN', '--yes');
    expect(changed.askWeiPerGib).to.equal(parseEther('0.25').toString());
    expect((await record())?.askWeiPerGiB).to.equal(parseEther('0.25'));
    const config = JSON.parse(await readFile(dataDirAt(edge.dataDir).config, 'utf8')) as {
      settings: Record<string, string>;
    };
    expect(config.settings['askWeiPerGib']).to.equal(parseEther('0.25').toString());
    await eventually(async () => {
      expect((await price()).market?.medianWeiPerGib).to.equal(parseEther('0.25').toString());
    });
    await running.end('SIGTERM');
    running = network.run(edge);
    await running.ready();
    expect((await record())?.askWeiPerGiB).to.equal(parseEther('0.25'));
  });

  it('does all of it with the node stopped, too, and lets the node leave', async () => {
    await running.end('SIGTERM');
    const changed = await price('0.5BCDN', '--yes');
    expect(changed.stderr).to.contain('The node is not running');
    expect((await record())?.askWeiPerGiB).to.equal(parseEther('0.5'));
    const leaving = await unstake('--yes');
    expect(leaving.stderr).to.contain('The edge leaves the ring at once');
    expect(leaving).to.deep.include({ code: 0, active: false, leaving: true });
    await passDelay(leaving);
    expect(await unstake('--withdraw', '--yes')).to.include({ role: null, stakeWei: '0' });
    expect(await record()).to.equal(undefined);
    const gone = await run<Failure>('unstake', '--yes');
    expect([gone.code, gone.error.code]).to.deep.equal([1, 'NODE_UNREGISTERED']);
  });

  it('leaves the ring when too little is staked, and comes back by itself when it is enough again', async () => {
    const other = await network.init('other');
    await network.run(other).ready();
    const members = async (node: InitialisedNode): Promise<number | undefined> => {
      const { stdout } = await network.command(node, 'status', '--json');
      return (JSON.parse(stdout) as StatusDocument).ring?.members;
    };
    const bothSee = async (count: number): Promise<void> =>
      eventually(async () => {
        expect([await members(edge), await members(other)]).to.deep.equal([count, count]);
      });
    running = network.run(edge);
    await running.ready();
    await bothSee(2);
    expect((await unstake('1BCDN', '--yes')).active).to.equal(false);
    await bothSee(1);
    expect((await network.command(edge, 'status')).code).to.equal(3);
    expect((await stake('1BCDN', '--yes')).active).to.equal(true);
    await bothSee(2);
  });

  it('says by status why a leaving node does not earn', async () => {
    await unstake('--yes');
    await eventually(async () => {
      const { stdout } = await network.command(edge, 'status', '--json');
      const { earning } = JSON.parse(stdout) as StatusDocument;
      expect(earning.because).to.match(/^all its stake is being unbonded until /);
      expect(earning.run).to.equal('run bcdn-node unstake --withdraw after that');
    });
  });

  async function passDelay({ unbondingSeconds }: StakeDocument): Promise<void> {
    await network.provider.send('evm_increaseTime', [unbondingSeconds + 1]);
    await network.provider.send('evm_mine', []);
  }
});
