import { expect } from 'chai';

import { AnswerReader, NotHttp } from '../../../scripts/fuzz-gateway/answer-reader.ts';
import { faultOf } from '../../../scripts/fuzz-gateway/answer-rules.ts';

function read(text: string, headOnly = false): ReturnType<AnswerReader['next']> {
  const reader = new AnswerReader();
  // Byte by byte: where an answer ends must not depend on how it arrives.
  for (const byte of Buffer.from(text, 'latin1')) reader.push(Buffer.of(byte));
  return reader.next(headOnly);
}

describe('AnswerReader', () => {
  it('reads answers with a length, in chunks, after a continue, and without a body', () => {
    expect(read('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')?.body.toString()).to.equal('ok');
    const chunked = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n1\r\n!\r\n0\r\n\r\n';
    expect(read(chunked)?.body.toString()).to.equal('ok!');
    expect(read('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n')?.status).to.equal(204);
    expect(read('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n', true)?.body.length).to.equal(0);
  });

  it('waits for what has not come', () => {
    for (const part of ['HTTP/1.1 200 OK\r\n', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\no'])
      expect(read(part)).to.equal(undefined);
  });

  it('takes nothing for HTTP that is not', () => {
    const wrong = [
      'HTTP/2 200\r\n\r\n',
      '2c\r\n\r\n\r\n',
      'HTTP/1.1 200 OK\r\na b: c\r\n\r\n',
      'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 1\r\n\r\nx',
      'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n',
      'HTTP/1.1 200 OK\r\n\r\nendless',
    ];
    for (const text of wrong) expect(() => read(text), text).to.throw(NotHttp);
  });
});

describe('faultOf', () => {
  const answer = (status: number, headers: Record<string, string> = {}, body = '') => ({
    ...{ status, headers: new Map(Object.entries(headers)), body: Buffer.from(body) },
  });

  it('finds a 500, an unknown header, an error without a code and a range of another length', () => {
    expect(faultOf(answer(500), false)).to.contain('status 500');
    expect(faultOf(answer(200, { 'set-cookie': 'x' }), false)).to.contain('set-cookie');
    expect(faultOf(answer(404, {}, 'nothing'), false)).to.contain('without a code');
    expect(faultOf(answer(206, { 'content-range': 'bytes 0-1/9' }, 'abc'), false)).to.contain('3 bytes');
    expect(faultOf(answer(404, {}, '{"error":{"code":"NOT_FOUND"}}'), false)).to.equal(undefined);
  });
});
