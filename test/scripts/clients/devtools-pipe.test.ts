import { expect } from 'chai';

import { DevtoolsPipe } from '../../../scripts/clients/devtools-pipe.ts';

/** Says an event and an answer in three pieces for `Echo`, refuses `Refuse`, ends at `End`. */
const FAKE_BROWSER = `
  const { createReadStream, writeSync } = require('node:fs');
  createReadStream(null, { fd: 3 }).on('data', (bytes) => {
    for (const text of String(bytes).split('\\0').filter(Boolean)) {
      const { id, method, params } = JSON.parse(text);
      if (method === 'End') process.exit(0);
      if (method === 'Refuse') writeSync(4, JSON.stringify({ id, error: { message: 'no such thing' } }) + '\\0');
      if (method === 'Echo') {
        const said = JSON.stringify({ method: 'Heard', params }) + '\\0' + JSON.stringify({ id, result: params }) + '\\0';
        writeSync(4, said.slice(0, 10));
        writeSync(4, said.slice(10, -3));
        writeSync(4, said.slice(-3));
      }
    }
  });`;

describe('a browser driven over pipes', () => {
  const events: [string, unknown][] = [];
  let pipe: DevtoolsPipe;

  beforeEach(() => {
    events.length = 0;
    pipe = DevtoolsPipe.start(process.execPath, ['-e', FAKE_BROWSER, '--'], (method, params) => {
      events.push([method, params]);
    });
  });

  afterEach(() => pipe.end());

  it('pairs answers with commands and passes events on, however they are cut', async () => {
    const [first, second] = await Promise.all([
      pipe.send('Echo', { word: 'käse' }),
      pipe.send('Echo', { word: 'brot' }),
    ]);
    expect([first, second]).to.deep.equal([{ word: 'käse' }, { word: 'brot' }]);
    expect(events).to.deep.equal([
      ['Heard', { word: 'käse' }],
      ['Heard', { word: 'brot' }],
    ]);
  });

  it('passes a refusal on', async () => {
    const refused = await pipe.send('Refuse').catch((error: unknown) => error);
    expect(refused).to.include({ code: 'CLIENT_FAILED', message: 'The browser refused: no such thing' });
  });

  it('fails what waits when the browser ends', async () => {
    const ended = await pipe.send('End').catch((error: unknown) => error);
    expect(ended).to.have.property('code', 'CLIENT_FAILED');
  });
});
