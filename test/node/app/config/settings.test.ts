import { expect } from 'chai';
import fc from 'fast-check';
import {
  mergeSettings,
  parseSettings,
  settingDescriptions,
  settingNames,
  type SettingTexts,
} from '../../../../node/app/config/settings.ts';
import { formatSize, formatTokens, parseSize } from '../../../../node/app/config/units.ts';
import { NodeError } from '../../../../node/app/node-error.ts';

const complete: SettingTexts = {
  role: 'edge',
  region: 'eu-west',
  rpcUrl: 'http://127.0.0.1:8545/',
  marketplaceUrl: 'http://127.0.0.1:9000',
  payout: '0xF39FD6E51aad88F6F4ce6aB8827279cffFb92266',
};

function refusal(texts: SettingTexts): NodeError {
  try {
    parseSettings(mergeSettings({ flags: texts, environment: {}, file: {} }));
  } catch (error) {
    if (error instanceof NodeError) return error;
    throw error;
  }
  expect.fail('expected a refusal');
}

describe('node settings', () => {
  it('prefer flags to environment to file to defaults', () => {
    const source = fc.option(fc.stringMatching(/^[a-z]{1,5}$/), { nil: undefined });
    // An empty variable says nothing; an empty flag or line of the file says that there is none.
    const unset = fc.constant('');
    const given = fc.oneof(source, unset);
    fc.assert(
      fc.property(fc.constantFrom(...settingNames), given, given, given, (name, flag, variable, file) => {
        const { environment, fallback } = settingDescriptions[name];
        const merged = mergeSettings({
          flags: flag === undefined ? {} : { [name]: flag },
          environment: { [environment]: variable },
          file: file === undefined ? {} : { [name]: file },
        });
        const said = variable === '' ? undefined : variable;
        expect(merged[name]).to.equal(flag ?? said ?? file ?? fallback);
      }),
    );
  });

  it('fill defaults and give typed values', () => {
    const settings = parseSettings(mergeSettings({ flags: complete, environment: {}, file: {} }));
    expect(settings.disk).to.equal(10 * 2 ** 30);
    expect(settings.rpcUrl).to.equal('http://127.0.0.1:8545');
    expect(settings.payout).to.equal('0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266');
    expect(settings.askWeiPerGib).to.equal(10n ** 18n);
    expect(settings.announceHosts).to.deep.equal([]);
    expect(settings.uploadCap).to.equal(undefined);
  });

  it('name the missing setting and how to give it', () => {
    const texts = { ...complete };
    delete texts.payout;
    const error = refusal(texts);
    expect(error.code).to.equal('SETTING_MISSING');
    expect(error.values).to.deep.equal({ setting: 'payout', flag: '--payout' });
    expect(error.remedy).to.equal('Give --payout, or set BCDN_PAYOUT.');
  });

  it('name all that is missing at once', () => {
    const error = refusal({ role: 'edge', region: 'eu-west', payout: complete.payout ?? '' });
    expect(error.code).to.equal('SETTING_MISSING');
    expect(error.message).to.equal('--rpc-url and --marketplace-url are missing.');
    expect(error.remedy).to.equal('Give them, or set BCDN_RPC_URL, BCDN_MARKETPLACE_URL.');
  });

  it('take amounts of tokens in wei, or with their unit', () => {
    const texts = { ...complete, stakeWei: '100BCDN', askWeiPerGib: '0.25 BCDN', gasTokenWei: '7wei' };
    const settings = parseSettings(mergeSettings({ flags: texts, environment: {}, file: {} }));
    expect(settings.stakeWei).to.equal(100n * 10n ** 18n);
    expect(settings.askWeiPerGib).to.equal(25n * 10n ** 16n);
    expect(settings.gasTokenWei).to.equal(7n);
    expect(refusal({ ...complete, stakeWei: '400000000000000000000BCDN' }).message).to.contain('beyond');
    // The chain's own coin is no token.
    expect(refusal({ ...complete, maxGasPriceWei: '1BCDN' }).code).to.equal('SETTING_INVALID');
  });

  const wrong: [keyof typeof complete | 'disk' | 'httpPort' | 'stakeWei' | 'httpHost', string][] = [
    ['role', 'king'],
    ['region', 'Europe'],
    ['region', 'eu-west-12'],
    ['disk', '10 potatoes'],
    ['disk', '1'],
    ['httpPort', '70000'],
    ['stakeWei', '-1'],
    ['stakeWei', (1n << 128n).toString()],
    ['rpcUrl', 'ftp://x'],
    ['payout', '0x12'],
    ['httpHost', 'somewhere'],
  ];
  for (const [name, given] of wrong) {
    it(`refuse ${name} = ${given}`, () => {
      const error = refusal({ ...complete, [name]: given });
      expect(error.code).to.equal('SETTING_INVALID');
      expect(error.values).to.deep.equal({ setting: name, flag: settingDescriptions[name].flag, given });
    });
  }
});

describe('units', () => {
  it('read sizes of both kinds', () => {
    expect(parseSize('10GiB')).to.equal(10 * 2 ** 30);
    expect(parseSize('1.5 MB')).to.equal(1_500_000);
    expect(parseSize('512')).to.equal(512);
    expect(parseSize('5k')).to.equal(undefined);
    expect(parseSize('')).to.equal(undefined);
    expect(parseSize('99999999TiB')).to.equal(undefined);
  });

  it('write sizes and tokens for people without losing a wei', () => {
    expect(formatSize(10 * 2 ** 30)).to.equal('10 GiB');
    expect(formatSize(1536)).to.equal('1.5 KiB');
    expect(formatTokens(1n)).to.equal('0.000000000000000001 BCDN');
    expect(formatTokens(-25n * 10n ** 17n)).to.equal('-2.5 BCDN');
  });
});
